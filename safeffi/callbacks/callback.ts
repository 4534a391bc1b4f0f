/**
 * A function of this side that C can call: a name, a signature and an address that is a C function pointer. It lives until
 * it is released, across restarts of the executor, which only move its address. Passed where a pointer is expected it
 * stands for its address. C code that keeps the address of a released one and calls it gets a fault with its name.
 *
 * With a function it answers by itself. Without one, the callout that C runs for must have been started
 * (`PreparedCallout.start`), and whoever started it answers its requests.
 */
import type { Address } from '../address.ts';
import type { Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';

/**
 * Takes the arguments as C passed them: `const char *` as text, other pointers as Address, records as their bytes.
 * Answers a value of the result type; `undefined` for void.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that answers nothing is one for a C function that does not
export type CallbackFunction = (...args: ResultValue[]) => ArgumentValue | undefined | void;

export interface CallbackOptions {
  /** For reports. Default: the name in the declaration, or `callback`. */
  readonly name?: string;
  /** What C gets when the function throws. Without it the C frames are abandoned and the callout throws the error. */
  readonly onError?: ArgumentValue | undefined;
  /** Whatever the maker wants to find again in a request. */
  readonly data?: unknown;
}

/** The executor that a callback belongs to. */
export interface CallbackHome {
  addressOf(callback: Callback): Address;
  forget(callback: Callback): void;
}

export class Callback {
  readonly name: string;
  readonly signature: Signature;
  readonly fn: CallbackFunction | undefined;
  readonly options: CallbackOptions;
  readonly #home: CallbackHome;
  #released = false;

  constructor(
    home: CallbackHome,
    name: string,
    signature: Signature,
    fn: CallbackFunction | undefined,
    options: CallbackOptions,
  ) {
    this.#home = home;
    this.name = name;
    this.signature = signature;
    this.fn = fn;
    this.options = options;
  }

  get data(): unknown {
    return this.options.data;
  }

  get released(): boolean {
    return this.#released;
  }

  /** Of the present executor; starts one where none lives. */
  get address(): Address {
    return this.#home.addressOf(this);
  }

  /** C code must not call it any more. Once more does nothing. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#home.forget(this);
  }

  get hasDefault(): boolean {
    return Object.hasOwn(this.options, 'onError');
  }
}
