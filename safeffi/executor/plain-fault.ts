/**
 * Faults of the executors that cannot look into C: facts and a sentence, nothing more.
 */
import { type Address, hex } from '../address.ts';
import type { Fault } from '../faults/fault.ts';
import { declarationText, type Signature } from '../types/signature.ts';

export interface FaultOrigin {
  readonly name: string;
  readonly library: string;
  readonly signature: Signature;
}

export function plainFault(
  kind: Fault['kind'],
  summary: string,
  origin: FaultOrigin,
  executor: Fault['executor'],
): Fault {
  return {
    kind,
    summary,
    function: origin.name,
    library: origin.library,
    declaration: declarationText(origin.name, origin.signature),
    cFrames: [],
    executor,
    choices:
      executor.kind === 'direct' ? ['answer', 'retry', 'terminate'] : ['answer', 'retry', 'restart', 'terminate'],
  };
}

/** The sentence of a StaleAddress; position 0 is the function itself. */
export function staleSummary(position: number, address: Address, generation: number): string {
  const what = position === 0 ? 'the function' : `argument ${position}`;
  return `${what} is ${hex(address.value)}, an address of executor generation ${address.generation}; the present one is ${generation}`;
}
