/**
 * Blocks of the image that C can call. Each has a number and what converts arguments and result; the engine's function
 * pointers are made for each executor that it is given to, so that libraries of every domain can call it. A block that was
 * given to a callout is kept here until the callout is over. An FFICallback is not: here it is its number, by which the
 * image finds it, so that it can be collected; the image releases it then.
 */
import type { ArgumentValue, Callback, Executor, ResultValue, Signature } from '../../safeffi/index.ts';
import type { ObjectMemory, RootHolder } from '../../vm/memory/object-memory.ts';
import { isImmediate, type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import type { FfiType } from './ffi-type.ts';

/** A function pointer's type with the types that the image gave it. */
export interface CallbackShape {
  readonly signature: Signature;
  readonly returns: FfiType;
  readonly arguments: readonly FfiType[];
}

export interface ImageCallback {
  readonly id: number;
  readonly name: string;
  readonly shape: CallbackShape;
  /** What is evaluated: a block, or the number of an FFICallback. */
  callable: Oop;
  readonly made: Map<Executor, Callback>;
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
    for (const one of this.callbacks.values()) if (!isImmediate(one.callable)) one.callable = visit(one.callable);
  }

  get count(): number {
    return this.callbacks.size;
  }

  at(id: number): ImageCallback | undefined {
    return this.callbacks.get(id);
  }

  /**
   * For an FFICallback (`block` undefined) or a block. Throws the engine's CalloutError where there are too many, or none of
   * that signature can be.
   */
  create(executor: Executor, shape: CallbackShape, block: Oop | undefined, name: string): ImageCallback {
    const id = this.nextId++;
    const created: ImageCallback = { id, name, shape, callable: block ?? smallIntegerOop(id), made: new Map() };
    this.make(created, executor);
    this.callbacks.set(id, created);
    return created;
  }

  /** For the length of the callout whose arguments are being read. */
  createTemporary(executor: Executor, shape: CallbackShape, block: Oop, name: string): Callback {
    const { id, made } = this.create(executor, shape, block, name);
    this.temporaries.push(id);
    return made.get(executor)!;
  }

  /** What C code of an executor calls it by; undefined for one that was released. Throws as `create` does. */
  in(executor: Executor, id: number): Callback | undefined {
    const found = this.callbacks.get(id);
    return found && (found.made.get(executor) ?? this.make(found, executor));
  }

  /** Whether a callback of the engine's is that of an executor. */
  isOf(callback: Callback, executor: Executor): boolean {
    return this.callbacks.get(callback.data as number)?.made.get(executor) === callback;
  }

  private make({ id, name, shape, made }: ImageCallback, executor: Executor): Callback {
    const answersLater = executor.kind === 'native';
    const fn = answersLater ? undefined : (...args: ResultValue[]) => this.evaluateNow(id, args);
    const callback = executor.callback(name, shape.signature, fn, { name, data: id });
    made.set(executor, callback);
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
    for (const callback of this.callbacks.get(id)?.made.values() ?? []) callback.release();
    this.callbacks.delete(id);
  }
}

const NONE: readonly number[] = [];
