/**
 * What images ask of the VM as a program: its version, modules, the method cache as its only hidden state, an environment variable, the bell,
 * a clipboard of its own. Named ones stand in module '', the VM itself.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { isSmallInteger, NO_OOP, smallIntegerOop, smallIntegerValue } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { integerWithin, isByteObject } from './operands.ts';
import { utf8Text } from './utf8-text.ts';

const VM_NAME = 'SafeFFI';
/** The magic number of Spur 32-bit images with Floats in the machine's order: what the heap is laid out as. */
const IMAGE_FORMAT_VERSION = 6521;
const MODULE = '';

const answerReceiver: Primitive = (vm, argumentCount) => vm.answer(argumentCount, vm.stackValue(argumentCount));

const flushAll: Primitive = (vm, argumentCount) => {
  vm.cache.flush();
  return answerReceiver(vm, argumentCount);
};

const answerText =
  (text: string): Primitive =>
  (vm, argumentCount) =>
    vm.answer(argumentCount, vm.memory.newByteString(text));

const beep: Primitive = (vm, argumentCount) => {
  vm.host.beep?.();
  return answerReceiver(vm, argumentCount);
};

/** One VM's clipboard: bytes as the image gave them. The machine's is not touched. */
function clipboard(): Primitive {
  let contents: Uint8Array = new Uint8Array(0);
  return (vm, argumentCount) => {
    const { memory } = vm;
    if (argumentCount === 0) {
      if (!memory.hasRoomFor((contents.length + 3) >> 2)) return vm.fail(PrimitiveError.NO_MEMORY);
      const text = memory.newByteString(' '.repeat(contents.length));
      memory.bytesOf(text).set(contents);
      return vm.answer(0, text);
    }
    const text = vm.stackValue(0);
    if (argumentCount !== 1) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
    if (!isByteObject(memory, text)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    contents = memory.bytesOf(text).slice();
    return answerReceiver(vm, argumentCount);
  };
}

/** The n-th of the modules that the VM has primitives of, nil behind the last. */
const builtinModule: Primitive = (vm) => {
  const index = integerWithin(vm.stackValue(0), 1, Number.MAX_SAFE_INTEGER);
  if (index === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const name = vm.primitives.moduleNames()[index - 1];
  return vm.answer(1, name === undefined ? vm.memory.nil : vm.memory.newByteString(name));
};

/** None is ever loaded from outside. */
const externalModule: Primitive = (vm) => {
  if (integerWithin(vm.stackValue(0), 1, Number.MAX_SAFE_INTEGER) === undefined)
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(1, vm.memory.nil);
};

const unloadModule: Primitive = (vm) =>
  vm.fail(isByteObject(vm.memory, vm.stackValue(0)) ? PrimitiveError.NOT_FOUND : PrimitiveError.BAD_ARGUMENT);

/** The number of the highest bit that is set, 0 for 0. */
const highBit: Primitive = (vm, argumentCount) => {
  const value = vm.stackValue(0);
  if (!isSmallInteger(value) || smallIntegerValue(value) < 0) return vm.fail(PrimitiveError.BAD_RECEIVER);
  return vm.answer(argumentCount, smallIntegerOop(32 - Math.clz32(smallIntegerValue(value))));
};

const bytesOfText = (vm: Interpreter, argumentCount: number, text: string): boolean => {
  const oop = utf8Text(vm.memory, text);
  return oop === NO_OOP ? vm.fail(PrimitiveError.NO_MEMORY) : vm.answer(argumentCount, oop);
};

/** A variable of the program's environment, nil where it has none of that name. */
const getenv: Primitive = (vm, argumentCount) => {
  const name = vm.stackValue(0);
  if (argumentCount !== 1 || !isByteObject(vm.memory, name)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (vm.host.environmentVariable === undefined) return vm.fail(PrimitiveError.UNSUPPORTED);
  const value = vm.host.environmentVariable(new TextDecoder().decode(vm.memory.bytesOf(name).slice()));
  return value === undefined ? vm.answer(1, vm.memory.nil) : bytesOfText(vm, 1, value);
};

const workingDirectory: Primitive = (vm, argumentCount) =>
  vm.host.files === undefined
    ? vm.fail(PrimitiveError.UNSUPPORTED)
    : bytesOfText(vm, argumentCount, vm.host.files.workingDirectory());

/** Microseconds of a clock that never goes back. */
const highResolutionClock: Primitive = (vm, argumentCount) =>
  vm.answer(argumentCount, vm.memory.integerOop(BigInt(Math.floor(vm.host.milliseconds() * 1000))));

/** A context is never in a machine frame: none of the three bits is set. */
const contextXray: Primitive = (vm, argumentCount) => vm.answer(argumentCount, smallIntegerOop(0));

export const vmServicePrimitives = (): readonly PrimitiveDefinition[] => [
  { number: 122, name: 'primitiveNoop', takes: [0, 1], fails: [], run: answerReceiver },
  { number: 140, name: 'primitiveBeep', selectors: 'beep', takes: 0, fails: [], run: beep },
  {
    number: 141,
    name: 'primitiveClipboardText',
    selectors: 'clipboardText clipboardText:',
    takes: [0, 1],
    fails: ['BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS', 'NO_MEMORY'],
    run: clipboard(),
  },
  { number: 213, name: 'primitiveContextXray', selectors: 'xray', takes: 0, fails: [], run: contextXray },
  { number: 214, name: 'primitiveVoidVMState', selectors: 'voidCogVMState', takes: 0, fails: [], run: flushAll },
  { number: 215, name: 'primitiveFlushCacheByMethod', selectors: 'voidCogVMState', takes: 0, fails: [], run: flushAll },
  {
    number: 570,
    name: 'primitiveFlushExternalPrimitives',
    selectors: 'unbindExternalPrimitives',
    takes: 0,
    fails: [],
    run: flushAll,
  },
  {
    number: 571,
    name: 'primitiveUnloadModule',
    selectors: 'unloadModule:',
    takes: 1,
    fails: ['BAD_ARGUMENT', 'NOT_FOUND'],
    run: unloadModule,
  },
  {
    number: 572,
    name: 'primitiveListBuiltinModule',
    selectors: 'listBuiltinModule:',
    takes: 1,
    fails: ['BAD_ARGUMENT'],
    run: builtinModule,
  },
  {
    number: 573,
    name: 'primitiveListExternalModule',
    selectors: 'listLoadedModule:',
    takes: 1,
    fails: ['BAD_ARGUMENT'],
    run: externalModule,
  },
  { number: 575, name: 'primitiveHighBit', selectors: 'highBit', takes: 0, fails: ['BAD_RECEIVER'], run: highBit },
  { module: MODULE, name: 'primitiveHighBit', fails: ['BAD_RECEIVER'], run: highBit },
  { module: MODULE, name: 'primitiveGetenv', fails: ['BAD_ARGUMENT', 'NO_MEMORY'], run: getenv },
  {
    module: MODULE,
    name: 'primitiveGetCurrentWorkingDirectory',
    takes: [0, 1],
    fails: ['NO_MEMORY'],
    run: workingDirectory,
  },
  { module: MODULE, name: 'primitiveHighResClock', fails: [], run: highResolutionClock },
  {
    module: MODULE,
    name: 'primitiveImageFormatVersion',
    fails: [],
    run: (vm, argumentCount) => vm.answer(argumentCount, smallIntegerOop(IMAGE_FORMAT_VERSION)),
  },
  { module: MODULE, name: 'primitiveVMVersion', fails: [], run: answerText(VM_NAME) },
  { module: MODULE, name: 'primitiveInterpreterSourceVersion', fails: [], run: answerText(VM_NAME) },
  { module: MODULE, name: 'primitivePlatformSourceVersion', fails: [], run: answerText(VM_NAME) },
  { module: MODULE, name: 'primitiveDisablePowerManager', fails: [], run: answerReceiver },
];
