/**
 * Where the handler's unwinder could not reach the callout (a jump to a bad address, a broken stack, code without unwind
 * tables), the stack itself is read. After a jump to an address that is no code, the word on top of the stack is the
 * return address of that call, for certain; further words that point behind a call instruction are marked uncertain.
 */
import { domainBase, lane as laneLayout, laneOffset } from '../protocol/layout.ts';
import { describeFrame, type NativeFrame } from './native-frame.ts';
import type { ProcessMap } from './process-map.ts';
import type { RawFault } from './raw-fault.ts';

export type ReadMemory = (address: number, sizeBytes: number) => Uint8Array | undefined;

const scanBytes = 2048;
const frameLimit = 8;

export function scanStack(raw: RawFault, laneIndex: number, map: ProcessMap, read: ReadMemory): NativeFrame[] {
  const sp = Number(raw.stackPointer ?? 0);
  const pc = raw.programCounter;
  const base = domainBase + laneOffset(laneIndex);
  const top = base + laneLayout.overflow;
  const low = base + laneLayout.stackGuard + laneLayout.stackGuardBytes;
  if (raw.complete || sp < low || sp >= top) return [];
  const bytes = read(sp, Math.min(scanBytes, top - sp));
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const jumped = pc !== undefined && !map.isCode(Number(pc));
  const frames: NativeFrame[] = [];
  const link = raw.linkRegister;
  if (jumped && link !== undefined && map.isCode(Number(link))) frames.push(describeFrame(map, link, true, true));
  for (let at = 0; at + 8 <= bytes.length && frames.length < frameLimit; at += 8) {
    const word = Number(view.getBigUint64(at, true));
    if (!map.isCode(word)) continue;
    const certain = at === 0 && jumped && link === undefined;
    const follows = link === undefined ? followsCall : followsBranch;
    if (!certain && !follows(word, read)) continue;
    const frame = describeFrame(map, word, true, certain);
    if (frame.module === 'executor') break;
    frames.push(frame);
  }
  return frames;
}

/** AArch64: whether the instruction before `address` is BL or BLR. */
function followsBranch(address: number, read: ReadMemory): boolean {
  const before = read(address - 4, 4);
  if (before === undefined) return false;
  const code = new DataView(before.buffer, before.byteOffset).getUint32(0, true);
  return code >>> 26 === 0x25 || (code & 0xfffffc1f) >>> 0 === 0xd63f0000;
}

/** x86-64: whether the bytes before `address` may be a call: E8 rel32, or FF /2 with its operand (2 to 7 bytes). */
function followsCall(address: number, read: ReadMemory): boolean {
  const before = read(address - 7, 7);
  if (before === undefined) return false;
  if (before[2] === 0xe8) return true;
  for (let length = 2; length <= 7; length++) {
    if (before[7 - length] === 0xff && ((before[8 - length]! >> 3) & 7) === 2) return true;
  }
  return false;
}
