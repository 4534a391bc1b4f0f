/**
 * ConsolePlugin, of images that were made for a host with a console: a message at a level (log, warn, error) becomes a line. Warnings and errors go
 * to standard error, all else to standard output. Source: SqueakJS's plugin of that name.
 */
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { isImmediate, type Oop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';

const MODULE = 'ConsolePlugin';
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const TO_STANDARD_ERROR: ReadonlySet<string> = new Set(['warn', 'error']);

const log: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  if (argumentCount !== 2) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const isText = (oop: Oop) => !isImmediate(oop) && memory.isBytes(oop);
  const message = vm.stackValue(1);
  const level = vm.stackValue(0);
  if (!isText(message) || !(isText(level) || level === memory.nil)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const line = Uint8Array.from([...memory.bytesOf(message), NEWLINE]).map((byte) =>
    byte === CARRIAGE_RETURN ? NEWLINE : byte,
  );
  const isTrouble = level !== memory.nil && TO_STANDARD_ERROR.has(memory.stringValueOf(level));
  vm.host.writeConsole(isTrouble ? 2 : 1, line);
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

export const consolePluginPrimitives = failing(
  ['BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS'],
  [{ module: MODULE, name: 'primitiveLog:level:', run: log }],
);
