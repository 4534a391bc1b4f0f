/**
 * The direct executor: koffi in this process, for production (DESIGN 1: safe during development, standard in production).
 * No isolation: a fault in C ends this process, a deadline cannot stop a call, and there is nothing to restart.
 */
import { notAvailableError } from '../errors.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import { compileDirectInvoke, textPositions } from './direct-invoke.ts';
import type { ExecutorOptions } from './executor.ts';
import { KoffiFunctions, type PlainFunction, type PlainValue } from './koffi-functions.ts';
import { plainSignature } from './koffi-types.ts';
import type { PlainBackend } from './plain-backend.ts';
import { PlainExecutor } from './plain-executor.ts';
import type { FaultOrigin } from './plain-fault.ts';

export function openDirectExecutor(options: ExecutorOptions): PlainExecutor {
  const functions = new KoffiFunctions();
  const prepared = new Map<string, PlainFunction>();
  let answerCallback: ((id: number, args: readonly PlainValue[]) => PlainValue) | undefined;
  const backend: PlainBackend = {
    kind: 'direct',
    generation: 1,
    pid: process.pid,
    load: (library) => functions.load(library),
    symbol: (library, name) => functions.symbol(library, name),
    read: (address, into) => functions.read(address, into),
    write: (address, from) => functions.write(address, from),
    compileInvoke(origin, tookErrno, general) {
      const target = functionFor(origin, undefined, true);
      const call = target.spread as (...args: ArgumentValue[]) => ResultValue;
      return compileDirectInvoke(origin.name, origin.signature, call, () => tookErrno(functions.errno()), general);
    },
    revive() {},
    attach(answer) {
      answerCallback = answer;
    },
    register: (id, signature) => functions.register(signature, (args) => answerCallback?.(id, args)),
    async(origin, address, args) {
      const run = functionFor(origin, address).async;
      return run?.(args).then((value) => ({ value, args, errno: 0 }));
    },
    start(origin, address, args) {
      const target = functionFor(origin, address);
      const value = target.call(args);
      const errno = functions.errno();
      return { poll: () => true, wait: () => true, outcome: () => ({ value, args, errno }) };
    },
    restart() {
      throw notAvailableError('restart', 'direct');
    },
    close() {},
  };
  function functionFor(origin: FaultOrigin, address: bigint | undefined, withTexts = false): PlainFunction {
    const texts = withTexts ? textPositions(origin.signature) : new Set<number>();
    const key = `${address ?? `${origin.library} ${origin.name}`} ${origin.signature.key}${texts.size > 0 ? ' texts' : ''}`;
    let target = prepared.get(key);
    if (target === undefined) {
      const plain = plainSignature(origin.name, origin.signature);
      const types = plain.arguments.map((type, index) => (texts.has(index) ? 'str' : type));
      const signature = { ...plain, arguments: types, key };
      target =
        address === undefined
          ? functions.prepare(origin.library, origin.name, signature)
          : functions.prepareAddress(address, signature);
      prepared.set(key, target);
    }
    return target;
  }
  return new PlainExecutor(backend, options);
}
