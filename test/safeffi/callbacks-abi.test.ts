/**
 * Callbacks of random signatures: C passes the arguments that it was called with on to the callback and answers what that
 * answered, so that both must come through unchanged. Callouts are the measure: abi.test.ts compares them with the compiler.
 */
import { expect, test } from '@jest/globals';
import {
  type Address,
  type ArgumentValue,
  type CType,
  FFIFault,
  functionOf,
  isRecord,
  makeSignature,
  pointerTo,
  type ResultValue,
  typeText,
} from '../../safeffi/index.ts';
import { readValue } from '../../safeffi/types/record-codec.ts';
import { abiExecutors } from './abi-executors.ts';
import { randomSignature, type SignatureCase, scalarsOf, valueFrom } from './random-signature.ts';
import { cHeaders } from './random-types.ts';
import { koffiPasses } from './run-signatures.ts';

const caseCount = 400;
const firstSeed = 70_000;
const cases = Array.from({ length: caseCount }, (_, i) => randomSignature(firstSeed + i)).filter(
  ({ signature }) => signature.variadicFrom === undefined,
);

function relayText({ name, signature, packed, types }: SignatureCase): string {
  const { returns, arguments: args } = signature;
  const parameters = ['f', ...args.map((_, i) => `a${i}`)].map((parameter, i) =>
    typeText(i === 0 ? pointerTo(functionOf(signature)) : args[i - 1]!, parameter),
  );
  const passed = args.map((_, i) => `a${i}`).join(', ');
  const body = `${returns.kind === 'void' ? '' : 'return '}f(${passed});`;
  const [open, close] = packed ? ['#pragma pack(push, 1)\n', '#pragma pack(pop)\n'] : ['', ''];
  return `${open}${types}${close}${typeText(returns, `relay_${name}(${parameters.join(', ')})`)} { ${body} }\n`;
}

/** An address must be one that a process can have. */
function passable(type: CType, seed: number): ArgumentValue {
  const bytes = valueFrom(seed, type);
  if (type.kind === 'pointer') {
    bytes[5]! &= 0x7f;
    bytes.fill(0, 6);
  }
  return isRecord(type) ? bytes : (readValue(type, new DataView(bytes.buffer), 0, { generation: 0 }) as ArgumentValue);
}

function comparable(type: CType, value: ResultValue | ArgumentValue): unknown {
  if (isRecord(type)) return scalarsOf(type, value as Uint8Array).join();
  return type.kind === 'pointer' ? BigInt((value as Address).value) : value;
}

test.each(abiExecutors)('$name: arguments and results of random signatures', (one) => {
  const executor = one.open();
  const library = one.compile('relays', cHeaders + cases.map(relayText).join(''));
  const mismatches: string[] = [];
  for (const each of cases.filter((some) => executor.kind === 'native' || koffiPasses(some))) {
    const { returns, arguments: types } = each.signature;
    const sent = types.map((type, i) => passable(type, each.seed + i));
    const answer = returns.kind === 'void' ? undefined : passable(returns, each.seed + 99);
    let seen: ResultValue[] = [];
    const callback = executor.callback(each.name, each.signature, (...args) => {
      seen = args;
      return answer;
    });
    const relay = executor.prepare(
      library,
      `relay_${each.name}`,
      makeSignature('relay', returns, [pointerTo(functionOf(each.signature)), ...types]),
    );
    let result: ResultValue;
    try {
      result = relay.call([callback, ...sent]);
    } catch (error) {
      if (error instanceof FFIFault) error.answer(0);
      mismatches.push(`${each.name}: ${String(error)}`);
      continue;
    }
    types.forEach((type, i) => {
      const [got, want] = [comparable(type, seen[i]), comparable(type, sent[i]!)];
      if (got !== want) mismatches.push(`${each.name}: argument ${i + 1} (${type.name}) is ${got}, expected ${want}`);
    });
    if (returns.kind !== 'void' && comparable(returns, result) !== comparable(returns, answer!))
      mismatches.push(`${each.name}: the result (${returns.name}) is ${result}, expected ${answer}`);
    callback.release();
  }
  expect(mismatches).toEqual([]);
  executor.close();
});
