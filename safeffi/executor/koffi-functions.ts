/**
 * C functions through koffi, in the process that runs this: the direct executor uses it here, the portable one in its
 * child. Values are plain, so that they can cross a process boundary: pointers are bigints, null or bytes; records are bytes;
 * strings were made bytes with a NUL before. Arguments were checked before.
 */

import { koffi } from './koffi.ts';
import { koffiCallback, koffiSignature, type PlainSignature, type ValueConversion } from './koffi-types.ts';
import { linux } from './linux.ts';

export type PlainValue = number | bigint | boolean | null | undefined | Uint8Array;

export interface PlainFunction {
  call(args: readonly PlainValue[]): PlainValue;
  /** The call on a thread of its own; undefined where koffi has no way. */
  readonly async?: (args: readonly PlainValue[]) => Promise<PlainValue>;
  /** The same, arguments one by one. */
  readonly spread: (...args: PlainValue[]) => PlainValue;
}

/** Why something was not found, in the loader's words. */
export class NotFound extends Error {}

type KoffiLibrary = ReturnType<ReturnType<typeof koffi>['load']>;
type KoffiFunction = ReturnType<KoffiLibrary['func']>;

const reason = (error: unknown, prefix: RegExp) =>
  new NotFound((error instanceof Error ? error.message : String(error)).replace(prefix, ''));

function plainFunction(call: (...args: unknown[]) => unknown, conversion: ValueConversion | undefined): PlainFunction {
  const converted = (...args: PlainValue[]) => {
    const passed = conversion!.in(args);
    return conversion!.out(call(...passed), passed);
  };
  const spread = (
    conversion === undefined ? call : (conversion.around?.(call) ?? converted)
  ) as PlainFunction['spread'];
  return { call: (args) => spread(...args), spread };
}

function asyncCall(
  call: KoffiFunction,
  conversion: ValueConversion | undefined,
): (args: readonly PlainValue[]) => Promise<PlainValue> {
  return (args) =>
    new Promise((resolve, reject) => {
      const passed = conversion === undefined ? args : conversion.in(args);
      call.async(...passed, (error: unknown, value: unknown) => {
        if (error !== null && error !== undefined) reject(error);
        else resolve((conversion === undefined ? value : conversion.out(value, passed)) as PlainValue);
      });
    });
}

export class KoffiFunctions {
  readonly #libraries = new Map<string, KoffiLibrary>();

  /** Loads a library; '' is the process itself. Throws NotFound. */
  load(library: string): void {
    if (this.#libraries.has(library)) return;
    try {
      this.#libraries.set(library, koffi().load(library === '' ? null : library));
    } catch (error) {
      throw reason(error, /^Failed to load shared library: /);
    }
  }

  symbol(library: string, name: string): bigint {
    this.load(library);
    try {
      return koffi().address(this.#libraries.get(library)!.symbol(name));
    } catch (error) {
      throw reason(error, /^$/);
    }
  }

  prepare(library: string, name: string, signature: PlainSignature): PlainFunction {
    this.load(library);
    const { returns, arguments: types, conversion } = koffiSignature(koffi(), signature);
    try {
      const call = this.#libraries.get(library)!.func(name, returns, [...types]);
      return { ...plainFunction(call, conversion), async: asyncCall(call, conversion) };
    } catch (error) {
      throw reason(error, /^$/);
    }
  }

  prepareAddress(address: bigint, signature: PlainSignature): PlainFunction {
    const k = koffi();
    const { returns, arguments: types, conversion } = koffiSignature(k, signature);
    const prototype = k.proto(returns, [...types]);
    return plainFunction((...args) => k.call(address, prototype, ...args), conversion);
  }

  /** A C function that calls `plain`; answers its address. It lives as long as this process. */
  register(signature: PlainSignature, plain: (args: readonly PlainValue[]) => PlainValue): bigint {
    const k = koffi();
    const { type, fn } = koffiCallback(k, signature, plain);
    return BigInt.asUintN(64, k.register(fn, type));
  }

  errno(): number {
    return koffi().errno();
  }

  /** Answers how many bytes could be read; on Linux a bad address is noticed, elsewhere it is a fault. */
  read(address: bigint, into: Uint8Array): number {
    if (process.platform === 'linux') return Math.max(0, linux().readMemory(process.pid, address, into));
    if (into.length > 0) into.set(new Uint8Array(koffi().view(address, into.length)));
    return into.length;
  }

  write(address: bigint, from: Uint8Array): number {
    if (process.platform === 'linux') return Math.max(0, linux().writeMemory(process.pid, address, from));
    if (from.length > 0) new Uint8Array(koffi().view(address, from.length)).set(from);
    return from.length;
  }
}
