/**
 * A handle on an object of Smalltalk: keeps it, and follows it where collections move it. Let go of by hand, or when JavaScript
 * has no more use for the handle.
 */
import type { Oop } from '../vm/memory/oop.ts';
import type { Retained, VM } from '../vm/vm.ts';

const releaser = new FinalizationRegistry<Retained>((retained) => retained.release());

type Call = (receiver: SmalltalkObject, selector: string, values: readonly unknown[]) => unknown;

export class SmalltalkObject {
  readonly #vm: VM;
  readonly #retained: Retained;
  readonly #call: Call;
  #isReleased = false;

  constructor(vm: VM, oop: Oop, call: Call) {
    this.#vm = vm;
    this.#retained = vm.retain(oop);
    this.#call = call;
    releaser.register(this, this.#retained, this);
  }

  /** Where the object is now. Throws RangeError for an object of another VM, and for a handle that was released. */
  oopIn(vm: VM): Oop {
    if (vm !== this.#vm) throw new RangeError('the object belongs to another virtual machine');
    if (this.#isReleased) throw new RangeError('the handle was released');
    return this.#retained.oop;
  }

  /** Sends a message; the values and the answer are converted as in `Smalltalk.evaluate`. */
  send(selector: string, ...values: unknown[]): unknown {
    return this.#call(this, selector, values);
  }

  get className(): string {
    return this.#vm.memory.classNameOf(this.oopIn(this.#vm));
  }

  /** What #printString answers. */
  toString(): string {
    return String(this.send('printString'));
  }

  /**
   * Gives `use` the bytes of a ByteArray or ByteString as they lie in the heap: nothing is copied. They are valid until `use` returns,
   * and no Smalltalk may run meanwhile. Throws TypeError for an object that has no bytes.
   */
  withBytes<T>(use: (bytes: Uint8Array) => T): T {
    const oop = this.oopIn(this.#vm);
    const { memory } = this.#vm;
    if ((oop & 3) !== 0 || !memory.isBytes(oop)) throw new TypeError(`${this.className} has no bytes`);
    return use(memory.bytesOf(oop));
  }

  /** Smalltalk may collect the object, unless it holds it itself. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    releaser.unregister(this);
    this.#retained.release();
  }
}
