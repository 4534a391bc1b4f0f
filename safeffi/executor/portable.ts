/**
 * The portable executor: a forked Node process with koffi, where there is no native executor (macOS, Windows, no C
 * compiler). A fault is known by the way the child died, its signal or exit status: no address, no C frames, and the
 * child's state is gone; the next callout gets a fresh child. Callouts run one after the other.
 */
import { closedError } from '../errors.ts';
import type { Fault } from '../faults/fault.ts';
import type { ExecutorOptions } from './executor.ts';
import { NotFound, type PlainValue } from './koffi-functions.ts';
import { type PlainSignature, plainSignature } from './koffi-types.ts';
import { type PlainBackend, PlainFailure, type PlainOutcome, type PlainPending } from './plain-backend.ts';
import { PlainExecutor } from './plain-executor.ts';
import type { FaultOrigin } from './plain-fault.ts';
import { type Ended, openChannel, type PortableChannel } from './portable-channel.ts';
import type { PortableReply } from './portable-messages.ts';

const kindsBySignal: Readonly<Record<string, Fault['kind']>> = {
  SIGSEGV: 'MemoryViolation',
  SIGBUS: 'MemoryViolation',
  SIGFPE: 'ArithmeticFault',
  SIGILL: 'IllegalInstruction',
  SIGTRAP: 'IllegalInstruction',
  SIGABRT: 'CalloutAborted',
  SIGSYS: 'CalloutAborted',
};

/** Exit statuses of Windows for what is a signal elsewhere (winnt.h, STATUS_*). */
const kindsByStatus: ReadonlyMap<number, [Fault['kind'], string]> = new Map([
  [0xc0000005, ['MemoryViolation', 'STATUS_ACCESS_VIOLATION']],
  [0xc00000fd, ['MemoryViolation', 'STATUS_STACK_OVERFLOW']],
  [0xc0000094, ['ArithmeticFault', 'STATUS_INTEGER_DIVIDE_BY_ZERO']],
  [0xc000001d, ['IllegalInstruction', 'STATUS_ILLEGAL_INSTRUCTION']],
]);

function failureOf(ended: Ended): PlainFailure {
  const { signal, status } = ended;
  if (ended.stopped === true && signal !== null)
    return new PlainFailure('ExecutorDied', `the executor was stopped by ${signal} and was ended`, signal);
  if (signal !== null) {
    const kind = kindsBySignal[signal] ?? 'ExecutorDied';
    return new PlainFailure(kind, `the executor was killed by ${signal}`, signal);
  }
  const windows = kindsByStatus.get((status ?? 0) >>> 0);
  if (windows !== undefined) return new PlainFailure(windows[0], `the executor ended with ${windows[1]}`, windows[1]);
  return new PlainFailure('CalloutAborted', `exit(${status}) was called`);
}

class PortableBackend implements PlainBackend {
  readonly kind = 'portable';
  generation = 0;
  readonly #options: ExecutorOptions;
  readonly #libraries = new Set<string>();
  #channel: PortableChannel | undefined;
  #closed = false;
  #answer: PortableChannel['onCallback'];

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#live();
  }

  get pid(): number | undefined {
    return this.#channel?.pid;
  }

  load(library: string): void {
    this.#ask({ do: 'load', library });
    this.#libraries.add(library);
  }

  symbol(library: string, name: string): bigint {
    return this.#ask({ do: 'symbol', library, name }).value as bigint;
  }

  read(address: bigint, into: Uint8Array): number {
    const outcome = this.#ask({ do: 'read', address, sizeBytes: into.length });
    into.set(outcome.args[0] as Uint8Array);
    return outcome.value as number;
  }

  write(address: bigint, from: Uint8Array): number {
    return this.#ask({ do: 'write', address, bytes: from }).value as number;
  }

  revive(): void {
    this.#live();
  }

  attach(answer: (id: number, args: readonly PlainValue[]) => PlainValue): void {
    this.#answer = answer;
    if (this.#channel !== undefined) this.#channel.onCallback = answer;
  }

  register(id: number, signature: PlainSignature): bigint {
    return this.#ask({ do: 'register', id, signature }).value as bigint;
  }

  start(origin: FaultOrigin, address: bigint | undefined, args: readonly PlainValue[]): PlainPending {
    const channel = this.#live();
    const { library, name, signature } = origin;
    const plain = plainSignature(name, signature);
    const number = channel.request({ do: 'call', library, name, address, signature: plain, args });
    const startMs = performance.now();
    return {
      poll: () => channel.reply(number, 0) !== undefined,
      wait: (timeoutMs) => channel.reply(number, timeoutMs) !== undefined,
      outcome: (deadlineMs) => {
        const leftMs = deadlineMs === undefined ? Number.POSITIVE_INFINITY : startMs + deadlineMs - performance.now();
        return this.#outcome(channel, number, channel.reply(number, leftMs), deadlineMs);
      },
    };
  }

  restart(): void {
    this.#drop(this.#channel);
    this.#live();
  }

  close(): void {
    this.#closed = true;
    this.#drop(this.#channel);
  }

  #ask(request: Parameters<PortableChannel['request']>[0]): PlainOutcome {
    const channel = this.#live();
    const number = channel.request(request);
    return this.#outcome(channel, number, channel.reply(number, Number.POSITIVE_INFINITY));
  }

  #outcome(
    channel: PortableChannel,
    number: number,
    reply: PortableReply | undefined,
    deadlineMs?: number,
  ): PlainOutcome {
    if (reply === undefined) {
      this.#drop(channel);
      throw new PlainFailure('CalloutTimeout', `stopped after its deadline of ${deadlineMs} ms`);
    }
    channel.taken(number);
    switch (reply.is) {
      case 'value':
        return reply;
      case 'not found':
        throw new NotFound(reply.reason);
      case 'ended':
        this.#drop(channel);
        throw failureOf(reply);
      default:
        throw new Error(`portable executor: ${JSON.stringify(reply)}`);
    }
  }

  #drop(channel: PortableChannel | undefined): void {
    channel?.close();
    if (this.#channel === channel) this.#channel = undefined;
  }

  /** The living child; a fresh one, with the libraries of before, where there is none. */
  #live(): PortableChannel {
    if (this.#closed) throw closedError('the executor');
    if (this.#channel !== undefined) return this.#channel;
    this.#channel = openChannel(this.#options.environment);
    this.#channel.onCallback = this.#answer;
    this.generation++;
    for (const library of this.#libraries) this.#ask({ do: 'load', library });
    return this.#channel;
  }
}

export function openPortableExecutor(options: ExecutorOptions): PlainExecutor {
  return new PlainExecutor(new PortableBackend(options), options);
}
