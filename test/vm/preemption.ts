/**
 * Makes a Smalltalk process stop at a chosen place: `self preemptAfter: n` signals the first external semaphore when n
 * activations and backward jumps have passed, and a more urgent process that waits for it runs. With it a test can try every
 * place at which a process can lose the processor.
 */
import { SpecialObject } from '../../vm/memory/well-known.ts';
import type { KernelImage } from './kernel-image.ts';

/** Puts `#preemptAfter:` into the image, and the semaphore into its global Preempt. */
export function installPreemption(image: KernelImage): void {
  image.vm.addPrimitives([
    {
      module: 'Test',
      name: 'preemptAfter',
      run: (vm) => {
        vm.safepoint.signalExternal(1);
        vm.safepoint.countdown = vm.stackValue(0) >> 1;
        return vm.answer(1, vm.stackValue(1));
      },
    },
  ]);
  const semaphores = image.run('Array with: (Smalltalk at: #Preempt put: Semaphore new)');
  if (semaphores.kind !== 'value') throw new Error(`no semaphore could be made: ${semaphores.kind}`);
  image.memory.storePointer(image.memory.specialObjects, SpecialObject.EXTERNAL_OBJECTS, semaphores.oop);
  image.install(
    'Object',
    "preemptAfter: anInteger\n\t<primitive: 'preemptAfter' module: 'Test'>\n\t^ self primitiveFailed",
  );
}
