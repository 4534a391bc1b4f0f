/**
 * What happens when a collection leaves little room: the image is told while there is still room to do something about it.
 *
 * If the image has a low space semaphore it is signalled, and the process that was active stands beside it in the special
 * objects, as in Squeak. If not, an OutOfMemory error is signalled in the active process, so that an endless recursion
 * ends as any other error does, with a stack to look at. The image is told again each time that the room that is left has
 * halved; when there is next to none the calls of the host end as interrupted.
 */

import { NO_OOP, type Oop } from '../memory/oop.ts';
import { SpecialObject } from '../memory/well-known.ts';
import { makeSignalMethod } from './call-method.ts';
import type { Interpreter } from './interpreter.ts';

/** The part of the heap below which room is low: enough to unwind a deep stack and report. */
const LOW_FRACTION = 1 / 16;
const NEXT_TO_NOTHING_BYTES = 1 << 20;

/** The class to signal and the selector that does; found by name, because the VM has no place for them. */
export interface LowSpaceError {
  readonly behavior: Oop;
  readonly selector: Oop;
}

export class LowSpace {
  private readonly vm: Interpreter;
  /** Room below which the image is told. */
  private thresholdBytes = 0;
  /** What the image asks for with primitive 125; more than half of the heap is not heeded. */
  wantedBytes = 0;
  /** Handed in by the VM; undefined answers mean that the image has no such class. */
  findError: () => LowSpaceError | undefined = () => undefined;

  constructor(vm: Interpreter) {
    this.vm = vm;
  }

  /** Looks how much room a collection left. Contract: the registers are stored and read anew afterwards. */
  check(): void {
    const { memory } = this.vm;
    const { roomBytes } = memory;
    // Room may go by a whole new space at once, when it is tenured.
    const wanted = Math.min(this.wantedBytes, memory.heapLimit >> 1);
    const lowBytes = Math.max(Math.floor(memory.heapLimit * LOW_FRACTION), memory.reserveBytes, wanted);
    if (this.thresholdBytes === 0 || roomBytes > 2 * lowBytes) this.thresholdBytes = lowBytes;
    const isLow = roomBytes < this.thresholdBytes;
    const wasTold = this.thresholdBytes < lowBytes;
    if (isLow) this.thresholdBytes = roomBytes >> 1;
    // The next collection comes no later than the next time that the image is to be told.
    memory.collectionThreshold = Math.min(memory.collectionThreshold, memory.heapLimit - this.thresholdBytes);
    if (!isLow) return;
    if (wasTold && roomBytes < NEXT_TO_NOTHING_BYTES) this.vm.hostCalls.interrupt();
    else this.tellImage();
  }

  private tellImage(): void {
    const { vm } = this;
    const { memory, scheduler } = vm;
    const semaphore = memory.specialObject(SpecialObject.LOW_SPACE_SEMAPHORE);
    if (scheduler.isSemaphore(semaphore)) {
      memory.storePointer(memory.specialObjects, SpecialObject.PROCESS_SIGNALING_LOW_SPACE, scheduler.activeProcess());
      scheduler.signal(semaphore);
      return;
    }
    const error = this.findError();
    const method = error === undefined ? NO_OOP : makeSignalMethod(memory, error.behavior, error.selector);
    if (method === NO_OOP) vm.hostCalls.interrupt();
    else vm.interpose(method);
  }
}
