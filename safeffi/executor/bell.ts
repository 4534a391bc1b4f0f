/**
 * How the executor calls this side when nobody waits for it: a pipe on Node's event loop. The executor rings for whatever
 * needs a look (an asynchronous callout is over, a thread that C made waits in a callback). While the bell is armed it also
 * writes a byte into the pipe, whose end it gets at its start and keeps behind the numbers that C code uses. Where C code
 * closed that all the same it tries /proc, which a confined executor may not (confine.c); then news waits for the next look.
 * One byte for each arming: a flood of news costs one event.
 */
import { Socket } from 'node:net';
import { header } from '../protocol/layout.ts';
import type { DomainMemory } from './domain-memory.ts';
import { linux } from './linux.ts';

export class Bell {
  readonly #memory: DomainMemory;
  readonly #onRing: () => void;
  /** Goes to each executor at its start. */
  readonly writeEnd: number;
  readonly #readEnd: number;
  #socket: Socket | undefined;
  #isClosed = false;
  #holds = 0;

  /** `onRing` runs on the event loop; it looks for news, and arms the bell again. Throws CalloutError `executor-start`. */
  constructor(memory: DomainMemory, onRing: () => void) {
    [this.#readEnd, this.writeEnd] = linux().pipe();
    this.#memory = memory;
    this.#onRing = onRing;
  }

  /** Listens from the first time on, and arms the bell. */
  listen(): void {
    if (this.#socket === undefined) this.#open();
    this.arm();
  }

  /** The next ring becomes an event. Whoever arms it looks for news afterwards: what came before does not ring. */
  arm(): void {
    if (this.#socket === undefined || this.#isClosed) return;
    const { i32 } = this.#memory;
    i32[header.loopDescriptor / 4] = this.writeEnd;
    Atomics.store(i32, header.loopArmed / 4, 1);
  }

  /** Keeps the event loop alive while something is on its way that will ring; `release` ends that. */
  hold(): void {
    if (this.#holds++ === 0) this.#socket?.ref();
  }

  release(): void {
    if (--this.#holds === 0) this.#socket?.unref();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#socket === undefined) linux().close(this.#readEnd);
    else this.#socket.destroy();
    linux().close(this.writeEnd);
  }

  #open(): void {
    const socket = new Socket({ fd: this.#readEnd, readable: true, writable: false });
    socket.on('data', this.#onRing);
    if (this.#holds === 0) socket.unref();
    this.#socket = socket;
  }
}
