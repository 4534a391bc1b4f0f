/**
 * Runs random functions through an executor, and says where what C saw differs from what was passed.
 */
import { classifyRecord } from '../../safeffi/abi/classify-record.ts';
import {
  type Address,
  type ArgumentValue,
  type CType,
  FFIFault,
  isRecord,
  type PreparedCallout,
  parseSignature,
  type ResultValue,
  type Signature,
} from '../../safeffi/index.ts';
import { readValue } from '../../safeffi/types/record-codec.ts';
import { hashOf, type SignatureCase, scalarsOf, valueFrom } from './random-signature.ts';

/** What of an executor is needed here. */
export interface SignatureTarget {
  readonly kind: string;
  prepare(library: string, name: string, signature: Signature): PreparedCallout;
}

export interface Mismatch {
  readonly case: SignatureCase;
  readonly executor: string;
  /** Where it went wrong, with what was expected. */
  readonly sentence: string;
}

const nowhere = { generation: 0 };
const addressMask = 0x7f;

/** Values of scalar pointers must be addresses that a process can have. */
function argumentBytes(type: CType, round: number): Uint8Array {
  const bytes = valueFrom(round, type);
  if (type.kind === 'pointer') {
    bytes[5]! &= addressMask;
    bytes.fill(0, 6);
  }
  return bytes;
}

function asArgument(type: CType, bytes: Uint8Array): ArgumentValue {
  if (isRecord(type)) return bytes;
  return readValue(type, new DataView(bytes.buffer), 0, nowhere) as ArgumentValue;
}

/** A result as its bytes count: addresses by their value, for generations differ. */
function comparable(type: CType, value: ResultValue): unknown {
  if (isRecord(type)) return scalarsOf(type, value as Uint8Array).join();
  return type.kind === 'pointer' ? BigInt((value as Address).value) : value;
}

/** All but records of up to 16 bytes that the ABI has on the stack because a field is misaligned. */
export function koffiPasses({ signature: { returns, arguments: types } }: SignatureCase): boolean {
  if (process.arch !== 'x64') return true;
  return [returns, ...types].every(
    (type) => !isRecord(type) || type.sizeBytes > 16 || classifyRecord(type) !== undefined,
  );
}

/** `library` holds the functions of the cases. What koffi cannot pass is left out. */
export function runSignatures(target: SignatureTarget, library: string, cases: readonly SignatureCase[]): Mismatch[] {
  const lastHash = target.prepare(library, 'last_hash', parseSignature('h', { returns: 'uint32_t', arguments: [] }));
  return cases
    .filter((one) => target.kind === 'native' || koffiPasses(one))
    .flatMap((one) => {
      const sentence = runOne(target, library, one, lastHash);
      return sentence === undefined ? [] : [{ case: one, executor: target.kind, sentence }];
    });
}

function runOne(
  target: SignatureTarget,
  library: string,
  { seed, name, signature }: SignatureCase,
  lastHash: PreparedCallout,
): string | undefined {
  const { returns, arguments: types } = signature;
  const values = types.map((type, i) => argumentBytes(type, seed + i));
  const hash = hashOf(types, values);
  const expected = returns.kind === 'void' ? undefined : asArgument(returns, valueFrom(hash, returns));
  const callout = target.prepare(library, name, signature);
  for (const way of ['invoke', 'call'] as const) {
    const args = types.map((type, i) => asArgument(type, values[i]!));
    let result: ResultValue;
    try {
      result = way === 'invoke' ? callout.invoke(...args) : callout.call(args);
    } catch (error) {
      if (error instanceof FFIFault) error.answer(undefined);
      return `${way}: ${error instanceof Error ? error.message : String(error)}`;
    }
    const seen = lastHash.invoke();
    if (seen !== hash) return `${way}: C saw arguments of hash ${seen}, expected ${hash}`;
    if (returns.kind === 'void') continue;
    const [got, want] = [result, expected as ResultValue].map((value) => comparable(returns, value));
    if (got !== want) return `${way}: the result is ${got}, expected ${want}`;
  }
  return undefined;
}
