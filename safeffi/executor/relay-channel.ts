/**
 * The way to the portable executor's child where there are no POSIX pipes to be had: over a relay thread that owns the child
 * (portable-relay.ts). Slower by two hand-overs between threads, and by Node's messages to a child process.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { executorStartError } from '../errors.ts';
import { scrubbedEnvironment } from './environment.ts';
import type { Ended, PortableChannel } from './portable-channel.ts';
import { type PortableReply, type PortableRequest, repliesWord } from './portable-messages.ts';

const startLimitMs = 30_000;

export class RelayChannel implements PortableChannel {
  readonly pid: number;
  /** Never called: the child's event loop cannot wait for an answer while C does. */
  onCallback: PortableChannel['onCallback'];
  readonly #words = new Int32Array(new SharedArrayBuffer(8));
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #replies: PortableReply[] = [];
  #received = 0;
  #requested = 0;
  #taken = 0;
  #ended: Ended | undefined;
  readonly #atExit = () => this.kill();

  constructor(environment: Readonly<Record<string, string>> | undefined) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const variables = Object.fromEntries(scrubbedEnvironment(environment).map((text) => splitOnce(text)));
    this.#worker = new Worker(new URL('./portable-relay.js', import.meta.url), {
      workerData: { words: this.#words, port: port2, environment: variables },
      transferList: [port2],
      execArgv: [],
    });
    this.#worker.unref();
    this.#port.unref();
    const first = this.#next(performance.now() + startLimitMs);
    if (first?.is !== 'started') {
      void this.#worker.terminate();
      const reason = first === undefined ? `no child process within ${startLimitMs} ms` : JSON.stringify(first);
      throw executorStartError(first?.is === 'error' ? first.reason : reason);
    }
    this.pid = first.pid;
    process.on('exit', this.#atExit);
  }

  /** Posts a request; answers its number, for `reply`. */
  request(request: PortableRequest): number {
    this.#requested++;
    if (this.#ended === undefined) this.#port.postMessage(request);
    return this.#requested;
  }

  /** The reply to request `number`, or undefined when none came within `timeoutMs`. */
  reply(number: number, timeoutMs: number): PortableReply | undefined {
    const limit = performance.now() + timeoutMs;
    while (this.#replies.length + this.#taken < number && this.#ended === undefined) {
      const next = this.#next(limit);
      if (next === undefined) return undefined;
      if (next.is === 'ended') this.#ended = next;
      else this.#replies.push(next);
    }
    const index = number - this.#taken - 1;
    return this.#replies[index] ?? this.#ended;
  }

  /** Forgets replies up to `number`: they were taken. */
  taken(number: number): void {
    while (this.#taken < number && this.#replies.length > 0) {
      this.#replies.shift();
      this.#taken++;
    }
  }

  get ended(): Ended | undefined {
    return this.#ended;
  }

  kill(): void {
    process.off('exit', this.#atExit);
    if (this.#ended !== undefined) return;
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }

  /** Ends the child and waits for its end. */
  close(): void {
    this.kill();
    this.reply(this.#requested + 1, startLimitMs);
  }

  #next(limit: number): PortableReply | undefined {
    for (;;) {
      const message = receiveMessageOnPort(this.#port) as { message: PortableReply } | undefined;
      if (message !== undefined) {
        this.#received++;
        return message.message;
      }
      const leftMs = limit - performance.now();
      if (leftMs <= 0) return undefined;
      Atomics.wait(this.#words, repliesWord, this.#received, leftMs);
    }
  }
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
