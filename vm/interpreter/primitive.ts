/**
 * What a primitive is. A primitive runs in the active context of its caller: the receiver and arguments still lie on that
 * context's stack. On success it has popped them and pushed its result; on failure it has changed nothing, and the method's
 * Smalltalk code runs. It never sees an object move, because objects move only at safepoints.
 */
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { Oop } from '../memory/oop.ts';

/** The interpreter as primitives see it. */
export interface PrimitiveHost {
  readonly memory: ObjectMemory;
  /** Stack value counted from the top: 0 is the last argument; the receiver is at the argument count. */
  stackValue(offset: number): Oop;
  /** Pops receiver and `argumentCount` arguments, pushes `result`; answers true, for `return host.answer(...)`. */
  answer(argumentCount: number, result: Oop): true;
  /** Records a `PrimitiveError` code; answers false, for `return host.fail(...)`. */
  fail(code: number): false;
  /** Fails with any object as the error code: what `<primitive: n error: ec>` binds to `ec`. */
  failWith(errorObject: Oop): false;
  /** The context that called the primitive. */
  activeContext(): Oop;
}

export type PrimitiveFunction<H extends PrimitiveHost = PrimitiveHost> = (host: H, argumentCount: number) => boolean;
