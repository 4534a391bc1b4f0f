/**
 * Where a function's Buffer came from: a library's symbol is found again when the executor was restarted, a bare address is
 * stale from then on.
 */
import { Address, type PreparedCallout, type Signature } from '../index.ts';
import { foreignHome } from '../ref/foreign-home.ts';
import ref from '../ref/index.ts';

export interface Origin {
  /** As the engine has it: '' is the process itself. */
  readonly library: string;
  readonly name: string;
}

const origins = new WeakMap<ArrayBufferLike, Origin>();

export function rememberOrigin(pointer: Buffer, origin: Origin): void {
  origins.set(pointer.buffer, origin);
}

/** A callout of the function that the Buffer points to. Throws CalloutError where the engine cannot call it. */
export function prepareFunction(pointer: Buffer, signature: Signature): PreparedCallout {
  const { executor } = foreignHome();
  const origin = origins.get(pointer.buffer);
  if (origin !== undefined) return executor.prepare(origin.library, origin.name, signature);
  const address = ref.address(pointer);
  const name = (pointer as { name?: unknown }).name;
  return executor.prepareAddress(
    new Address(address, executor.generation),
    typeof name === 'string' ? name : 'function',
    signature,
  );
}

export function nameOf(pointer: Buffer): string {
  const name = (pointer as { name?: unknown }).name;
  return origins.get(pointer.buffer)?.name ?? (typeof name === 'string' ? name : 'function');
}
