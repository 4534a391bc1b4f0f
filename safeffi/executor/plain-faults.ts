/**
 * Faults of the direct and the portable executor, and how they are resolved: the call is over and its process may be gone, so
 * that there is an answer, another try and, where there is a process of its own, a fresh one.
 */
import { type Address, exact, hex } from '../address.ts';
import { alreadyResolvedError, CalloutError, notAvailableError } from '../errors.ts';
import { everyChoice, type Fault, type Resolution, resolutionsOf } from '../faults/fault.ts';
import { type FaultResolver, FFIFault } from '../faults/ffi-fault.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import { type PlainBackend, PlainFailure } from './plain-backend.ts';
import { type FaultOrigin, plainFault, staleSummary } from './plain-fault.ts';

/** Makes the call once more. */
export type Again = (args: readonly ArgumentValue[]) => ResultValue;

export class PlainFaults {
  readonly #backend: PlainBackend;
  readonly #restart: () => void;
  readonly #read: FaultResolver['read'];

  /** `restart` starts a fresh process, `read` reads C's memory. */
  constructor(backend: PlainBackend, restart: () => void, read: FaultResolver['read']) {
    this.#backend = backend;
    this.#restart = restart;
    this.#read = read;
  }

  /** Runs what may fail in the backend; a failure becomes an FFIFault of `origin`. */
  guard<T>(origin: FaultOrigin, args: readonly ArgumentValue[], again: Again, run: () => T): T {
    const executor = this.#described(); // that in which the call was made
    try {
      return run();
    } catch (error) {
      if (!(error instanceof PlainFailure)) throw error;
      const fault = plainFault(error.kind, error.message, origin, executor);
      throw this.raise(error.signal === undefined ? fault : { ...fault, signal: error.signal }, args, again);
    }
  }

  fault(kind: Fault['kind'], summary: string, origin: FaultOrigin): Fault {
    return plainFault(kind, summary, origin, this.#described());
  }

  raise(fault: Fault, args: readonly ArgumentValue[], again: Again): FFIFault {
    let resolved = false;
    const resolve = (how: string) => {
      if (resolved) throw alreadyResolvedError(fault.function ?? 'memory', how);
      resolved = true;
    };
    const resolver: FaultResolver = {
      abandon: () => resolve('answer'),
      retry: (others = args) => {
        resolve('retry');
        try {
          return again(others);
        } catch (error) {
          if (error instanceof CalloutError && error.code.startsWith('argument-')) resolved = false; // nothing was called
          throw error;
        }
      },
      restart: () => {
        if (resolved) throw alreadyResolvedError(fault.function ?? 'memory', 'restart');
        this.#restart();
      },
      rollback: () => {
        throw notAvailableError('rollback', this.#backend.kind);
      },
      proceed: () => {
        throw notAvailableError('continue', this.#backend.kind);
      },
      resolutions: () => plainResolutions(fault, resolved),
      read: (address, sizeBytes) => this.#read(address, sizeBytes),
    };
    return new FFIFault(fault, resolver);
  }

  /** `position` 0 is the function itself. */
  stale(
    position: number,
    address: Address,
    origin: FaultOrigin,
    args: readonly ArgumentValue[],
    again: Again,
  ): FFIFault {
    const summary = staleSummary(position, address, this.#backend.generation);
    return this.raise({ ...this.fault('StaleAddress', summary, origin), address: address.value }, args, again);
  }

  wrongFree(origin: FaultOrigin, { value }: Address, obstacle: string): FFIFault {
    const fault = this.fault('MemoryViolation', `free of ${hex(value)}, ${obstacle}`, origin);
    return this.raise({ ...fault, address: value }, [], () => undefined);
  }

  violation(origin: FaultOrigin, at: bigint, access: 'read' | 'write'): FFIFault {
    const fault = this.fault('MemoryViolation', `${access} at 0x${at.toString(16)}, asked for by the VM`, origin);
    return this.raise({ ...fault, address: exact(at), access }, [], () => undefined);
  }

  #described(): Fault['executor'] {
    const { pid, generation, kind } = this.#backend;
    return { ...(pid === undefined ? {} : { pid }), generation, kind };
  }
}

function plainResolutions(fault: Fault, resolved: boolean): Resolution[] {
  const missing = everyChoice.filter((choice) => !fault.choices.includes(choice));
  const reason = `the ${fault.executor.kind} executor does not have it`;
  return resolutionsOf(resolved, Object.fromEntries(missing.map((choice) => [choice, reason])));
}
