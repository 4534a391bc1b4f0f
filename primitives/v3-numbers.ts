/**
 * Numbers that meant something else in Squeak 1 to 3, for images that came from V3: 150 to 163 are the files and directories that later images
 * ask for by name; 60 to 62 work on contexts too, and on the words of a Float, of which the first is the more significant. Where later images of that format use the same number the arguments tell
 * them apart: their count, or what the receiver is.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { isImmediate } from '../vm/memory/oop.ts';
import { ClassIndex, PrimitiveError } from '../vm/memory/well-known.ts';
import { isBehavior, isByteObject } from './operands.ts';

const FILE_MODULE = 'FilePlugin';

/** By number: the name in FilePlugin, how many arguments its methods have. */
const FILE_NUMBERS: readonly (readonly [number, string, number])[] = [
  [150, 'primitiveFileAtEnd', 1],
  [151, 'primitiveFileClose', 1],
  [152, 'primitiveFileGetPosition', 1],
  [153, 'primitiveFileOpen', 2],
  [154, 'primitiveFileRead', 4],
  [155, 'primitiveFileSetPosition', 2],
  [156, 'primitiveFileDelete', 1],
  [157, 'primitiveFileSize', 1],
  [158, 'primitiveFileWrite', 4],
  [159, 'primitiveFileRename', 2],
  [160, 'primitiveDirectoryCreate', 1],
  [161, 'primitiveDirectoryDelimitor', 0],
  [162, 'primitiveDirectoryLookup', 2],
  [163, 'primitiveDirectoryDelete', 1],
];
/** By number: what works on a context, and on a Float. */
const ELEMENT_NUMBERS: readonly (readonly [number, number, number?])[] = [
  [60, 210, 38],
  [61, 211, 39],
  [62, 212],
];

/** `standard` are the primitives that these stand in for, and which they are made of. */
export function v3Numbers(standard: readonly PrimitiveDefinition[]): readonly PrimitiveDefinition[] {
  const numbered = (number: number): PrimitiveDefinition | undefined =>
    standard.findLast((each) => 'number' in each && each.number === number);
  const named = (name: string): Primitive => {
    const found = standard.find((each) => 'module' in each && each.module === FILE_MODULE && each.name === name);
    if (found === undefined) throw new RangeError(`there is no primitive ${FILE_MODULE}.${name}`);
    return found.run;
  };
  const files = FILE_NUMBERS.map(([number, name, takes]): PrimitiveDefinition => {
    const later = numbered(number);
    return { number, name, run: later === undefined ? counted(named(name), takes) : either(named(name), takes, later) };
  });
  const elements = ELEMENT_NUMBERS.map(([number, onContexts, onFloats]): PrimitiveDefinition => {
    const others = numbered(number)!;
    const floats = onFloats === undefined ? others : numbered(onFloats)!;
    return { ...others, number, run: byReceiver(others.run, numbered(onContexts)!.run, floats.run) };
  });
  return [...files, ...elements];
}

const counted =
  (run: Primitive, takes: number): Primitive =>
  (vm, argumentCount) =>
    argumentCount === takes ? run(vm, argumentCount) : vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);

/** The file primitive, or what the number came to mean later. */
function either(file: Primitive, takes: number, later: PrimitiveDefinition): Primitive {
  const counts = typeof later.takes === 'number' ? [later.takes] : (later.takes ?? []);
  return (vm, argumentCount) => {
    const isShared = argumentCount === takes && counts.includes(takes);
    if (argumentCount === takes && !(isShared && isOfLaterKind(vm))) return file(vm, argumentCount);
    return counts.includes(argumentCount)
      ? later.run(vm, argumentCount)
      : vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  };
}

/** With one argument: bytes are compared (156), and a class adopts an instance (160), where a directory gets a name. */
function isOfLaterKind(vm: Interpreter): boolean {
  const receiver = vm.stackValue(1);
  if (isByteObject(vm.memory, receiver)) return true;
  return isBehavior(vm.memory, receiver) && !isByteObject(vm.memory, vm.stackValue(0));
}

const byReceiver =
  (others: Primitive, onContexts: Primitive, onFloats: Primitive): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    const receiver = vm.stackValue(argumentCount);
    const index = isImmediate(receiver) ? 0 : memory.classIndexOfObject(receiver);
    if (index === ClassIndex.CONTEXT || index === ClassIndex.BLOCK_CONTEXT) return onContexts(vm, argumentCount);
    return index === ClassIndex.FLOAT ? onFloats(vm, argumentCount) : others(vm, argumentCount);
  };
