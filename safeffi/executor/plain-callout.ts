/**
 * A callout of the direct and the portable executor: arguments become plain, the backend calls, buffers are copied back, the
 * result becomes a value. Waiting is polling here: what the backend runs is over, or in another process.
 */
import { setTimeout } from 'node:timers/promises';
import type { Address } from '../address.ts';
import { checkCall, checkWait } from '../check-input.ts';
import type { Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { CalloutOptions, ExecutorOptions, PendingCallout, PreparedCallout } from './executor.ts';
import { type PlainBackend, PlainFailure, type PlainOutcome } from './plain-backend.ts';
import type { CallbackFrame, PlainCallbacks } from './plain-callbacks.ts';
import type { FaultOrigin } from './plain-fault.ts';
import type { Again, PlainFaults } from './plain-faults.ts';
import { copyBack, fromPlain, type PlainContext, toPlain } from './plain-values.ts';

/** How often an asynchronous callout of the portable executor is looked for. */
const asyncLookMs = 1;

/** The executor that the callout belongs to. */
export interface PlainHome {
  readonly backend: PlainBackend;
  readonly callbacks: PlainCallbacks;
  readonly faults: PlainFaults;
  readonly options: ExecutorOptions;
  /** The library as the backend loads it. */
  fileOf(library: string): string;
  context(origin: FaultOrigin, args: readonly ArgumentValue[], again: Again): PlainContext;
}

/** `address`: of the function, where it is no symbol of the library. */
export function plainCallout(
  home: PlainHome,
  library: string,
  name: string,
  signature: Signature,
  address: Address | undefined,
): PreparedCallout {
  const { backend, callbacks, faults, options: sessionOptions } = home;
  let errno = 0;
  const origin = { name, library, signature };
  const target = { name, library: home.fileOf(library), signature };
  const again = (args: readonly ArgumentValue[]) => call(args);
  const start = (args: readonly ArgumentValue[], options: CalloutOptions = {}): PendingCallout => {
    checkCall(name, args, signature.arguments.length, options);
    backend.revive();
    const context = home.context(origin, args, again);
    if (address !== undefined && address.generation !== backend.generation) throw context.stale(0, address);
    const plain = toPlain(name, signature, args, context);
    const frame: CallbackFrame = { failed: false, error: undefined };
    const within = <T>(run: () => T): T => callbacks.within(frame, run);
    const pending = within(() => backend.start(target, address && BigInt(address.value), plain));
    const deadlineMs = options.deadlineMs ?? sessionOptions.deadlineMs;
    const deadline = performance.now() + (deadlineMs ?? Number.POSITIVE_INFINITY);
    let stopped = false;
    const poll = () => stopped || within(() => pending.poll()) || performance.now() >= deadline;
    return {
      poll,
      get state() {
        return poll() ? 'done' : 'running';
      },
      callback: () => undefined,
      interrupt: () => {
        stopped = true;
      },
      wait: (timeoutMs) => {
        checkWait(name, timeoutMs);
        within(() => pending.wait(Math.max(0, Math.min(timeoutMs, deadline - performance.now()))));
        return poll();
      },
      result: () => {
        const outcome = faults.guard(origin, args, again, () =>
          within(() => (stopped ? interrupted(() => pending.outcome(0)) : pending.outcome(deadlineMs))),
        );
        if (frame.failed) throw frame.error;
        errno = outcome.errno;
        copyBack(signature, args, outcome.args);
        return fromPlain(signature, outcome.value, context);
      },
    };
  };
  const call = (args: readonly ArgumentValue[], options?: CalloutOptions) => start(args, options).result();
  const tookErrno = (code: number) => {
    errno = code;
    callbacks.throwLoose();
  };
  const general = (...args: ArgumentValue[]) => call(args);
  const compiled = address === undefined ? backend.compileInvoke?.(target, tookErrno, general) : undefined;
  const invoke = compiled ?? general;
  const async = async (args: readonly ArgumentValue[], options?: CalloutOptions): Promise<ResultValue> => {
    const context = home.context(origin, args, again);
    const beside =
      backend.async === undefined
        ? undefined
        : backend.async(target, address && BigInt(address.value), toPlain(name, signature, args, context));
    if (beside === undefined) {
      const pending = start(args, options);
      while (!pending.poll()) await setTimeout(asyncLookMs);
      return pending.result();
    }
    const outcome = await beside;
    copyBack(signature, args, outcome.args);
    return fromPlain(signature, outcome.value, context);
  };
  return { name, library, signature, start, call, async, errno: () => errno, invoke };
}

/** The end of a callout that somebody asked to be stopped, unless it was over by then. */
function interrupted(outcome: () => PlainOutcome): PlainOutcome {
  try {
    return outcome();
  } catch (error) {
    if (error instanceof PlainFailure && error.kind === 'CalloutTimeout')
      throw new PlainFailure('CalloutInterrupted', 'interrupted from outside');
    throw error;
  }
}
