/**
 * The parts of a marshaller that put a record's bytes into a frame and take a result's bytes out of it, as JavaScript text.
 * See marshaller.ts.
 */
import type { RecordType } from '../types/aggregate-types.ts';
import { type FramePlan, wordBytes } from './frame-plan.ts';

/** A record of more words than this, which lie one after the other, is copied as a block. */
const mostWordsByWord = 2;

/** Code that stores argument `index`, after checking it. */
export function storeRecord(type: RecordType, index: number, words: readonly number[]): string {
  const bytes = `r${index}`;
  const check = `const ${bytes} = env.record(${index}, a${index});`;
  const each = wordBytes(type, words);
  const isBlock = each === 8 && words.every((offset, word) => offset === words[0]! + 8 * word);
  if (isBlock && words.length > mostWordsByWord) return `${check} u8.set(${bytes}, 4 * L + ${words[0]});`;
  const halves = words.flatMap((offset, word) => [
    `i32[L + ${offset / 4}] = ${fourBytes(bytes, each * word, type.sizeBytes)};`,
    `i32[L + ${offset / 4 + 1}] = ${each === 4 ? '0' : fourBytes(bytes, each * word + 4, type.sizeBytes)};`,
  ]);
  return `${check} ${halves.join(' ')}`;
}

/** Code that makes a copy of a record, which the callee owns, and passes its address. */
export function storeCopiedRecord(index: number, words: readonly number[]): string {
  const word = `L + ${words[0]! / 4}`;
  const p = `p${index}`;
  return `const ${p} = env.recordCopy(L, ${index}, a${index}); i32[${word}] = ${p} | 0; i32[${word} + 1] = Math.floor(${p} / 4294967296) | 0;`;
}

function fourBytes(bytes: string, start: number, sizeBytes: number): string {
  const parts: string[] = [];
  for (let at = start; at < Math.min(start + 4, sizeBytes); at++)
    parts.push(at === start ? `${bytes}[${at}]` : `${bytes}[${at}] << ${8 * (at - start)}`);
  return parts.join(' | ') || '0';
}

/** Code that makes room for a result in memory and passes its address; empty where none is needed. */
export function storeResultPointer(plan: FramePlan): string {
  if (plan.resultPointer === undefined) return '';
  const word = `L + ${plan.resultPointer / 4}`;
  return `  const p = env.resultRoom(L); i32[${word}] = p | 0; i32[${word} + 1] = Math.floor(p / 4294967296) | 0;\n`;
}

/** An expression for the result of the lane at L: fresh bytes; those of a result in memory are filled in by `finish`. */
export function readRecord(type: RecordType, plan: FramePlan): string {
  const words = plan.resultWords;
  if (words === undefined) return 'env.resultBytes(L)';
  const each = wordBytes(type, words);
  const bytes = Array.from({ length: type.sizeBytes }, (_, at) => {
    const offset = words[Math.floor(at / each)]! + (at % each);
    return `u8[4 * L + ${offset}]`;
  });
  return `Uint8Array.of(${bytes.join(', ')})`;
}
