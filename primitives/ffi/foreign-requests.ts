/**
 * Blocks that C called on threads of its own: they belong to no callout, and a process of the image serves them
 * (`FFICallbackServer`). Each request has a number from when it came until it was answered.
 */
import type { CallbackRequest } from '../../safeffi/index.ts';
import type { RootHolder } from '../../vm/memory/object-memory.ts';
import { isSmallInteger, NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { argumentObjects, resultValue } from './callback-primitives.ts';
import { LinkError } from './errors.ts';
import type { FfiBridge } from './ffi-bridge.ts';

interface ForeignRequest {
  readonly request: CallbackRequest;
  /** The process that evaluates it; NO_OOP before. */
  process: Oop;
}

export class ForeignRequests implements RootHolder {
  private readonly bridge: FfiBridge;
  private readonly requests = new Map<number, ForeignRequest>();
  private readonly waiting: number[] = [];
  private nextId = 1;
  /** The server's, while it waits; else NO_OOP. */
  semaphore: Oop = NO_OOP;

  constructor(bridge: FfiBridge) {
    this.bridge = bridge;
    bridge.interpreter.memory.addRootHolder(this);
  }

  visitRoots(visit: (oop: Oop) => Oop): void {
    if (this.semaphore !== NO_OOP) this.semaphore = visit(this.semaphore);
    for (const one of this.requests.values()) if (one.process !== NO_OOP) one.process = visit(one.process);
  }

  /** C has blocks that it may call, and a process waits to serve them. */
  get isAwaited(): boolean {
    return this.semaphore !== NO_OOP && this.bridge.callbacks.count > 0;
  }

  /** Looks for requests that came, and wakes the server. */
  poll(): void {
    if (this.bridge.callbacks.count === 0) return;
    this.bridge.session.poll();
    for (const request of this.bridge.session.takeRequests()) {
      const id = this.nextId++;
      this.requests.set(id, { request, process: NO_OOP });
      this.waiting.push(id);
    }
    if (this.waiting.length === 0 || this.semaphore === NO_OOP) return;
    const { semaphore } = this;
    this.semaphore = NO_OOP;
    this.bridge.interpreter.scheduler.signal(semaphore);
  }

  next(): number | undefined {
    return this.waiting.shift();
  }

  at(id: Oop): ForeignRequest {
    const found = isSmallInteger(id) ? this.requests.get(smallIntegerValue(id)) : undefined;
    if (found === undefined) throw new LinkError('the callback does not wait for an answer any more');
    return found;
  }

  close(id: Oop): void {
    this.requests.delete(smallIntegerValue(id));
  }

  /** The open request that the process evaluates and that `accepts`, if any: its callouts nest there. */
  requestOf(process: Oop, accepts: (request: CallbackRequest) => boolean): CallbackRequest | undefined {
    for (const { process: owner, request } of this.requests.values())
      if (owner === process && request.isOpen && accepts(request)) return request;
    return undefined;
  }
}

/** `nextRequestOr: aSemaphore`: the number of a request, or nil; then the semaphore is signalled when one comes. */
export function nextForeignRequest(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter, foreign } = bridge;
  foreign.poll();
  const id = foreign.next();
  foreign.semaphore = id === undefined ? interpreter.stackValue(0) : NO_OOP;
  return interpreter.answer(argumentCount, id === undefined ? interpreter.memory.nil : smallIntegerOop(id));
}

/** `openRequest: id`: what is to be evaluated and the Array of its arguments; by the active process from now on. */
export function openForeignRequest(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  try {
    const found = bridge.foreign.at(interpreter.stackValue(0));
    found.process = bridge.activeProcess();
    return interpreter.answer(argumentCount, argumentObjects(bridge, found.request));
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
}

/** `answer: anObject toRequest: id`. */
export function answerForeignRequest(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const id = interpreter.stackValue(0);
  try {
    const { request } = bridge.foreign.at(id);
    if (request.isOpen) request.return(resultValue(bridge, interpreter.stackValue(1), request));
    bridge.foreign.close(id);
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
  return interpreter.answer(argumentCount, interpreter.stackValue(argumentCount));
}
