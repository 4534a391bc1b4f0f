/**
 * The way to the portable executor's child on Linux and macOS: two pipes, written and read without the event loop, so that a
 * call is one write and one read. Same contract as PortableChannel. A request that does not fit into the pipe is written as
 * the child takes it, its replies being read meanwhile, so that neither waits for the other for ever.
 *
 * What the child sends is foreign: a message that does not hold together ends the child. A child that was stopped
 * (SIGSTOP) is ended too, for there is no handler in it that could tell more.
 */
import { fileURLToPath } from 'node:url';
import { executorStartError } from '../errors.ts';
import { signalName } from '../signals.ts';
import { childProcesses } from './child-processes.ts';
import { scrubbedEnvironment } from './environment.ts';
import type { Ended, PortableChannel } from './portable-channel.ts';
import { MessageReader, MessageWriter, type PipeRequest } from './portable-codec.ts';
import type { PortableReply, PortableRequest } from './portable-messages.ts';
import { type Posix, posix } from './posix.ts';

/** How long a wait goes on before it looks whether the child lives: a pipe that C's own children hold open tells no end. */
const longestSleepMs = 20;
const startLimitMs = 30_000;
const stoppedStatus = 127;
/** A child that has closed its pipe is given so long to end by itself, so that its signal is known. */
const leaveLimitMs = 200;
/** Nobody wakes it: to sleep a little. */
const never = new Int32Array(new SharedArrayBuffer(4));

export class PipeChannel implements PortableChannel {
  readonly pid: number;
  readonly #posix: Posix = posix();
  readonly #writer = new MessageWriter();
  readonly #reader = new MessageReader();
  /** By the number of the request. */
  readonly #replies = new Map<number, PortableReply>();
  readonly #callbacks: Extract<PortableReply, { is: 'callback' }>[] = [];
  onCallback: PortableChannel['onCallback'];
  readonly #ids = new Map<string, number>();
  #requests = -1;
  #replyEnd = -1;
  #requested = 0;
  #ended: Ended | undefined;
  readonly #atExit = () => this.kill();

  constructor(environment: Readonly<Record<string, string>> | undefined) {
    const os = this.#posix;
    const there = os.pipe();
    const back = os.pipe();
    if (there === undefined || back === undefined) {
      for (const fd of [...(there ?? []), ...(back ?? [])]) os.close(fd);
      throw executorStartError(`no pipe could be made (${os.errorName(os.errno())})`);
    }
    const program = fileURLToPath(new URL('./portable-child.js', import.meta.url));
    const args = [process.execPath, '--no-warnings', program, 'pipes'];
    const pid = childProcesses().spawn(process.execPath, args, scrubbedEnvironment(environment), [
      [there[0], 3],
      [back[1], 4],
    ]);
    os.close(there[0]);
    os.close(back[1]);
    this.#requests = there[1];
    this.#replyEnd = back[0];
    this.pid = pid;
    if (pid <= 0) {
      this.#closePipes();
      throw executorStartError(`starting ${process.execPath} failed with ${os.errorName(-pid)}`);
    }
    os.setNonBlocking(this.#requests);
    os.setNonBlocking(this.#replyEnd);
    const first = this.reply(1, startLimitMs);
    if (first?.is !== 'started') {
      this.close();
      throw executorStartError(
        first === undefined ? `no child process within ${startLimitMs} ms` : JSON.stringify(first),
      );
    }
    this.#requested = 1;
    this.taken(1);
    process.on('exit', this.#atExit);
  }

  request(request: PortableRequest): number {
    this.#requested++;
    if (request.do === 'call') this.#call(request);
    else this.#send(request);
    return this.#requested;
  }

  reply(number: number, timeoutMs: number): PortableReply | undefined {
    const limit = performance.now() + timeoutMs;
    while (!this.#replies.has(number) && this.#ended === undefined) {
      if (this.#answerCallback()) continue;
      const leftMs = limit - performance.now();
      if (this.#poll(-1, Math.max(0, Math.min(leftMs, longestSleepMs))) === 0) {
        if (this.#ended === undefined && leftMs <= 0) return undefined;
      }
    }
    return this.#replies.get(number) ?? this.#ended;
  }

  taken(number: number): void {
    this.#replies.delete(number);
  }

  get ended(): Ended | undefined {
    return this.#ended;
  }

  kill(): void {
    process.off('exit', this.#atExit);
    if (this.#ended !== undefined) return;
    process.kill(this.pid, 'SIGKILL');
    this.#end(childProcesses().reap(this.pid, true));
  }

  close(): void {
    this.kill();
    this.#closePipes();
  }

  /** Answers a callback that C waits in, if there is one. Requests that the answer takes are served before it. */
  #answerCallback(): boolean {
    const asked = this.#callbacks.shift();
    if (asked === undefined) return false;
    const value = this.onCallback?.(asked.id, asked.args);
    this.#send({ do: 'answer', serial: asked.serial, value });
    return true;
  }

  #call({ library, name, address, signature, args }: Extract<PortableRequest, { do: 'call' }>): void {
    const key = `${address ?? `${library} ${name}`} ${signature.key}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(key, id);
      this.#send({ do: 'define', id, target: { library, name, address, signature } });
    }
    this.#send({ do: 'numbered', id, args });
  }

  #send(request: PipeRequest): void {
    const bytes = this.#writer.request(request);
    let sent = 0;
    while (sent < bytes.length && this.#ended === undefined) {
      const done = this.#posix.write(this.#requests, bytes, sent, bytes.length - sent);
      if (done >= 0) sent += done;
      else if (this.#posix.isBusy(-done)) this.#poll(this.#requests, longestSleepMs);
      else if (this.#posix.errorName(-done) !== 'EINTR') this.#lookForEnd(); // EPIPE: the child has gone, or goes
    }
  }

  /** Waits for replies, or for room to write; takes what there is. 0 when nothing came. */
  #poll(writing: number, timeoutMs: number): number {
    const seen = this.#posix.poll(this.#replyEnd, writing, timeoutMs);
    if ((seen & 1) !== 0) this.#take();
    else if (seen === 0) this.#lookForEnd();
    return seen;
  }

  #take(): void {
    const done = this.#posix.read(this.#replyEnd, this.#reader.space);
    if (done === 0) this.#awaitEnd();
    if (done <= 0) return; // EINTR, or nothing after all
    this.#reader.took(done);
    this.#read();
  }

  /** Cuts what was taken into replies. */
  #read(): void {
    try {
      for (let reply = this.#reader.nextReply(); reply !== undefined; reply = this.#reader.nextReply())
        if (reply.is === 'callback') this.#callbacks.push(reply);
        else this.#replies.set(this.#reader.number, reply);
    } catch {
      // Not a message of ours: C code wrote into the pipe. What follows means nothing any more.
      process.kill(this.pid, 'SIGKILL');
      this.#end(childProcesses().reap(this.pid, true));
    }
  }

  /** The child has closed its end: it goes, or C code has closed it and will never answer. */
  #awaitEnd(): void {
    const limit = performance.now() + leaveLimitMs;
    let answer = childProcesses().reap(this.pid, false);
    while (answer === 0 && performance.now() < limit) {
      Atomics.wait(never, 0, 0, 1);
      answer = childProcesses().reap(this.pid, false);
    }
    if (answer === 0) process.kill(this.pid, 'SIGKILL');
    this.#end(answer === 0 ? childProcesses().reap(this.pid, true) : answer);
  }

  #lookForEnd(): void {
    if (this.#ended !== undefined) return;
    const answer = childProcesses().reap(this.pid, false);
    if (answer === 0) return;
    if (answer > 0 && ((answer - 1) & 255) === stoppedStatus) {
      const signal = signalName(((answer - 1) >> 8) & 255);
      process.kill(this.pid, 'SIGKILL');
      childProcesses().reap(this.pid, true);
      this.#ended = { is: 'ended', status: null, signal, stopped: true };
      return;
    }
    // What it had answered before it ended counts.
    for (let left = 1; left > 0 && this.#posix.poll(this.#replyEnd, -1, 0) !== 0; ) {
      left = this.#posix.read(this.#replyEnd, this.#reader.space);
      if (left > 0) this.#reader.took(left);
    }
    this.#end(answer);
    this.#read();
  }

  #end(answer: number): void {
    if (this.#ended !== undefined) return;
    const status = answer - 1;
    const signal = answer < 0 ? 0 : status & 127;
    this.#ended =
      signal === 0
        ? { is: 'ended', status: answer < 0 ? null : (status >> 8) & 255, signal: null }
        : { is: 'ended', status: null, signal: signalName(signal) };
    process.off('exit', this.#atExit);
  }

  #closePipes(): void {
    for (const fd of [this.#requests, this.#replyEnd]) if (fd >= 0) this.#posix.close(fd);
    this.#requests = this.#replyEnd = -1;
  }
}
