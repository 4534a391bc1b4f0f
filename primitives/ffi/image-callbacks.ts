/**
 * Blocks of the image that C can call. Each has a number, a function pointer of the engine's, and what converts arguments and
 * result; the block, or the FFICallback that holds it, is kept here until it is released. One that was given to a callout as
 * a block is released with the callout.
 */
import type { ArgumentValue, Callback, ResultValue, Session, Signature } from '../../safeffi/index.ts';
import type { ObjectMemory, RootHolder } from '../../vm/memory/object-memory.ts';
import type { Oop } from '../../vm/memory/oop.ts';
import type { FfiType } from './ffi-type.ts';

/** A function pointer's type with the types that the image gave it. */
export interface CallbackShape {
  readonly signature: Signature;
  readonly returns: FfiType;
  readonly arguments: readonly FfiType[];
}

export interface ImageCallback {
  readonly id: number;
  readonly callback: Callback;
  readonly shape: CallbackShape;
  /** What is evaluated: a block or an FFICallback. */
  callable: Oop;
}

export class ImageCallbacks implements RootHolder {
  private readonly callbacks = new Map<number, ImageCallback>();
  private temporaries: number[] = [];
  private nextId = 1;

  /** Evaluates a callback while C waits on JavaScript's stack, where an executor has no other way; answers its value. */
  private readonly evaluateNow: (id: number, args: readonly ResultValue[]) => ArgumentValue | undefined;

  constructor(
    memory: ObjectMemory,
    evaluateNow: (id: number, args: readonly ResultValue[]) => ArgumentValue | undefined,
  ) {
    this.evaluateNow = evaluateNow;
    memory.addRootHolder(this);
  }

  visitRoots(visit: (oop: Oop) => Oop): void {
    for (const one of this.callbacks.values()) one.callable = visit(one.callable);
  }

  get count(): number {
    return this.callbacks.size;
  }

  at(id: number): ImageCallback | undefined {
    return this.callbacks.get(id);
  }

  /** Throws the engine's CalloutError where there are too many. */
  create(session: Session, shape: CallbackShape, callable: Oop, name: string): ImageCallback {
    const id = this.nextId++;
    const fn = answersRequests(session) ? undefined : (...args: ResultValue[]) => this.evaluateNow(id, args);
    const callback = session.callback(shape.signature, fn, { name, data: id });
    const created: ImageCallback = { id, callback, shape, callable };
    this.callbacks.set(id, created);
    return created;
  }

  /** For the length of the callout whose arguments are being read. */
  createTemporary(session: Session, shape: CallbackShape, callable: Oop, name: string): Callback {
    const { id, callback } = this.create(session, shape, callable, name);
    this.temporaries.push(id);
    return callback;
  }

  /** The temporary ones since the last time; whoever takes them releases them. */
  takeTemporaries(): readonly number[] {
    if (this.temporaries.length === 0) return NONE;
    const taken = this.temporaries;
    this.temporaries = [];
    return taken;
  }

  release(id: number): void {
    this.callbacks.get(id)?.callback.release();
    this.callbacks.delete(id);
  }
}

/** True where a callback becomes a request that the VM answers in its own time. */
export function answersRequests(session: Session): boolean {
  return session.executor.kind === 'native';
}

const NONE: readonly number[] = [];
