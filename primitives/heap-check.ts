/** The heap verifier at the image's service: named primitives of module `SafeFFIHost`. */
import { type HeapProblem, HeapVerifier } from '../vm/memory/heap-verifier.ts';
import { forEachObject } from '../vm/memory/object-walk.ts';
import { smallIntegerOop } from '../vm/memory/oop.ts';
import { failing } from './failing.ts';

/** Sentences beyond this many are left out: a damaged heap has thousands. */
const MAX_PROBLEMS = 100;

export const heapCheckPrimitives = failing(
  [],
  [
    {
      module: 'SafeFFIHost',
      name: 'primitiveHeapProblems',
      run: (vm, argumentCount) => {
        const { memory } = vm;
        const problems: HeapProblem[] = [];
        // As for a collection: registers written back, contexts that wait to be used again made ordinary garbage.
        vm.movingObjects(() => {
          problems.push(...new HeapVerifier(memory).verify().slice(0, MAX_PROBLEMS));
        });
        const array = memory.newArray(problems.length);
        problems.forEach(({ sentence }, i) => {
          memory.storePointer(array, i, memory.newByteString(sentence));
        });
        return vm.answer(argumentCount, array);
      },
    },
    {
      module: 'SafeFFIHost',
      name: 'primitiveObjectCount',
      run: (vm, argumentCount) => {
        let count = 0;
        forEachObject(vm.memory, () => {
          count++;
        });
        return vm.answer(argumentCount, smallIntegerOop(count));
      },
    },
  ],
);
