/**
 * The fault record as the handler of the native executor wrote it, copied out of shared memory once. Nothing in it is
 * trusted: counts are cut to their limits, words are taken as they are and only named later.
 */

import { fromUnsigned } from '../abi/int64.ts';
import { type ExactInteger, exact } from '../address.ts';
import { lane as laneLayout, laneOffset, record, registerNamesX64 } from '../protocol/layout.ts';

export interface RawFault {
  readonly kind: number;
  readonly signal: number;
  readonly code: number;
  readonly status: number;
  readonly senderPid: number;
  readonly address: ExactInteger;
  readonly errorCode: number;
  readonly trap: number;
  readonly registers: Readonly<Record<string, ExactInteger>>;
  readonly frames: readonly ExactInteger[];
  /** For each frame the start of its function; 0 where that is not known. */
  readonly starts: readonly ExactInteger[];
  /** The backtrace reached the callout. */
  readonly complete: boolean;
}

export function readRawFault(i32: Int32Array, laneIndex: number): RawFault {
  const start = (laneOffset(laneIndex) + laneLayout.record) / 4;
  const words = i32.slice(start, start + 1024);
  const word = (offset: number) => words[offset / 4]!;
  const long = (offset: number) => fromUnsigned(word(offset), word(offset + 4));
  const registerCount = Math.min(Math.max(word(record.registerCount), 0), registerNamesX64.length);
  const frameCount = Math.min(Math.max(word(record.frameCount), 0), record.frameLimit);
  const registers: Record<string, ExactInteger> = {};
  for (let i = 0; i < registerCount; i++) registers[registerNamesX64[i]!] = long(record.registers + 8 * i);
  return {
    kind: word(record.kind),
    signal: word(record.signal),
    code: word(record.code),
    status: word(record.status),
    senderPid: word(record.senderPid),
    address: long(record.address),
    errorCode: Number(exact(BigInt(long(record.errorCode)))),
    trap: Number(exact(BigInt(long(record.trap)))),
    registers,
    frames: Array.from({ length: frameCount }, (_, i) => long(record.frames + 8 * i)),
    starts: Array.from({ length: frameCount }, (_, i) => long(record.starts + 8 * i)),
    complete: word(record.complete) === 1,
  };
}
