/**
 * Primitives 97, 113, 130, 131: snapshot, quit, collection. These are the ones in which objects move: the registers are
 * written back first, and nothing that was read from the stack before is used afterwards.
 */
import type { Collection } from '../vm/interpreter/interpreter.ts';
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { clearDeadContextSlots } from '../vm/memory/object-walk.ts';
import { isImmediate, isSmallInteger, smallIntegerValue } from '../vm/memory/oop.ts';
import { PrimitiveError, ProcessSlot } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';

/** Writes the heap to the image's file. Answers a sentence when that failed. */
export type SnapshotWriter = () => string | undefined;

/**
 * The saved image goes on in the active process with true on its stack, the running one with false. When the file cannot be
 * written the primitive fails with the reason, a String, as its error.
 */
const snapshot =
  (write: SnapshotWriter): Primitive =>
  (vm, argumentCount) => {
    const { memory, scheduler } = vm;
    vm.collect();
    if (memory.youngBytes > 0)
      return vm.failWith(memory.newByteString('the heap is so full that its young objects cannot become old ones'));
    const receiver = vm.stackValue(argumentCount);
    vm.answer(argumentCount, memory.true);
    vm.writeRegisters();
    vm.contexts.retireFreeContexts();
    vm.contexts.keep(vm.context);
    const process = scheduler.activeProcess();
    memory.storePointer(process, ProcessSlot.SUSPENDED_CONTEXT, vm.context);
    clearDeadContextSlots(memory);
    const failure = write();
    memory.storePointer(process, ProcessSlot.SUSPENDED_CONTEXT, memory.nil);
    if (failure === undefined) return vm.answer(0, memory.false);
    vm.answer(0, receiver);
    vm.sp += argumentCount;
    return vm.failWith(memory.newByteString(failure));
  };

const quit: Primitive = (vm, argumentCount) => {
  let exitCode = 0;
  if (argumentCount > 0) {
    const code = vm.stackValue(0);
    if (code !== vm.memory.nil && !isSmallInteger(code)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    if (isSmallInteger(code)) exitCode = smallIntegerValue(code) & 255;
  }
  vm.answer(argumentCount, vm.stackValue(argumentCount));
  vm.hostCalls.quit(exitCode);
  return true;
};

/** Answers the bytes that are free then. */
const collect =
  (what: Collection): Primitive =>
  (vm, argumentCount) => {
    vm.collect(what);
    return vm.answer(argumentCount, vm.memory.integerOop(BigInt(vm.memory.roomBytes)));
  };

/** The path of the image's file: what the image may ask for and change. */
export interface ImagePath {
  path: string;
}

/** Answers the path as a ByteString of UTF-8; with an argument, bytes of UTF-8, sets it first. */
const imageName =
  (image: ImagePath): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    if (argumentCount > 0) {
      const path = vm.stackValue(0);
      if (isImmediate(path) || !memory.isBytes(path) || memory.byteSizeOf(path) === 0)
        return vm.fail(PrimitiveError.BAD_ARGUMENT);
      image.path = new TextDecoder().decode(memory.bytesOf(path));
    }
    return vm.answer(argumentCount, memory.newByteString(String.fromCharCode(...new TextEncoder().encode(image.path))));
  };

/** `writeSnapshot` undefined: the image cannot be saved, and the primitive fails. */
export const systemPrimitives = (
  writeSnapshot: SnapshotWriter | undefined,
  image: ImagePath | undefined,
): readonly PrimitiveDefinition[] =>
  failing(
    ['BAD_ARGUMENT', 'GENERIC'],
    [
      ...(writeSnapshot === undefined
        ? []
        : [
            {
              number: 97,
              name: 'primitiveSnapshot',
              selectors: 'snapshot',
              takes: [0, 1],
              run: snapshot(writeSnapshot),
            },
          ]),
      ...(image === undefined
        ? []
        : [
            {
              number: 121,
              name: 'primitiveImageName',
              selectors: 'imageName primImageName:',
              takes: [0, 1],
              run: imageName(image),
            },
          ]),
      { number: 113, name: 'primitiveQuit', selectors: 'quit', takes: [0, 1], run: quit },
      { number: 130, name: 'primitiveFullGC', selectors: 'garbageCollect', takes: 0, run: collect('all') },
      { number: 131, name: 'primitiveIncrementalGC', selectors: 'garbageCollectMost', takes: 0, run: collect('young') },
    ],
  );
