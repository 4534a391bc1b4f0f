/**
 * What finalization is to be told of: ephemerons whose key nothing else holds, in the order in which collections found
 * them. The image takes them out one by one (primitive 172, `fetchMourner`) after its finalization semaphore was signalled.
 *
 * An ephemeron that is queued is fired: its format is that of an ordinary object from then on, so it holds its key until it
 * is fetched and let go. An image without a finalization semaphore has nobody to tell; its ephemerons hold their keys.
 * In an image file those that were not fetched are ephemerons again, so that whoever resumes it is told anew.
 * Weak arrays are queued too when the image asks for it; that an array lost elements is signalled in any case.
 * Source: Spur's `queueMourner:` and `fireEphemeron:`.
 */
import { NO_OOP, type Oop } from './oop.ts';

export class MournQueue {
  private queue: Oop[] = [];
  /** Set by a collection that found something; whoever signals the semaphore clears it. */
  isSignalWanted = false;
  /** True when weak arrays that lost an element are queued. */
  queuesWeakArrays = false;

  get length(): number {
    return this.queue.length;
  }

  add(oop: Oop): void {
    this.queue.push(oop);
    this.isSignalWanted = true;
  }

  noteLoss(weak: Oop): void {
    this.isSignalWanted = true;
    if (this.queuesWeakArrays && !this.queue.includes(weak)) this.queue.push(weak);
  }

  /** The next mourner; NO_OOP when there is none. */
  fetch(): Oop {
    return this.queue.shift() ?? NO_OOP;
  }

  toArray(): readonly Oop[] {
    return this.queue;
  }

  visitRoots(visit: (oop: Oop) => Oop): void {
    for (let i = 0; i < this.queue.length; i++) this.queue[i] = visit(this.queue[i]!);
  }
}
