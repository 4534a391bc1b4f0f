/**
 * Allocations that are freed when nothing refers to their Address any more. The engine collects garbage when it pleases, so
 * what it tells is noted and freed at the next allocation, or at once where no callout is under way: a finalizer must not
 * make a callout in the middle of another.
 */
import { Address } from '../address.ts';

export class AutoFree {
  readonly #garbage: Address[] = [];
  readonly #isIdle: () => boolean;
  readonly #free: (address: Address) => void;
  readonly #registry = new FinalizationRegistry<Address>((address) => {
    this.#garbage.push(address);
    if (this.#isIdle()) this.drain();
  });

  /** `free` frees what still stands and does nothing for what does not. */
  constructor(isIdle: () => boolean, free: (address: Address) => void) {
    this.#isIdle = isIdle;
    this.#free = free;
  }

  watch(address: Address): void {
    this.#registry.register(address, new Address(address.value, address.generation));
  }

  /** Frees what was found to be garbage. */
  drain(): void {
    for (let address = this.#garbage.pop(); address !== undefined; address = this.#garbage.pop()) this.#free(address);
  }
}
