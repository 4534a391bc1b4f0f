/**
 * Addresses, and what is read and written through them. Offsets may lie outside of a Buffer, as with the original: then C's memory
 * is meant that lies there, and reading what is not there throws, where the original ended the process.
 */
import { attach } from './attachments.ts';
import { foreignMemory, openedMemory } from './foreign-home.ts';
import { nullPointer } from './null-pointer.ts';
import { pointerBytes } from './ref-type.ts';

const two32 = 4294967296;

export function requireBuffer(value: unknown): asserts value is Buffer {
  if (!Buffer.isBuffer(value)) throw new TypeError('Buffer instance expected');
}

/** C's address of the byte at `offset`, which may lie outside. */
export function address(buffer: Buffer, offset = 0): number {
  requireBuffer(buffer);
  return (buffer === nullPointer ? 0 : foreignMemory().addressOf(buffer)) + Number(offset);
}

/** As printf's `%p` has it, without `0x`. */
export function hexAddress(buffer: Buffer, offset = 0): string {
  const value = address(buffer, offset);
  return value === 0 ? '(nil)' : value.toString(16);
}

export function isNull(buffer: Buffer): boolean {
  requireBuffer(buffer);
  return buffer.length === 0 && address(buffer) === 0;
}

/** The bytes that an access means: `bytes[at]` is the first. */
export interface Spot {
  readonly bytes: Buffer;
  readonly at: number;
}

/** Throws ErrorType for NULL, FFIFault where nothing can be read. What C wrote is there. */
export function spot(
  operation: string,
  buffer: Buffer,
  offset: unknown,
  sizeBytes: number,
  ErrorType: ErrorConstructor | TypeErrorConstructor = Error,
): Spot {
  requireBuffer(buffer);
  const at = typeof offset === 'number' ? offset : 0;
  if (at >= 0 && at + sizeBytes <= buffer.length) {
    openedMemory()?.refresh(buffer, at, sizeBytes);
    return { bytes: buffer, at };
  }
  if (isNull(buffer)) throw new ErrorType(`${operation}: Cannot read from nullptr pointer`);
  return { bytes: foreignMemory().at(address(buffer, at), sizeBytes, true), at: 0 };
}

export function written({ bytes, at }: Spot, sizeBytes: number, isPointer = false): void {
  openedMemory()?.written(bytes, at, sizeBytes, isPointer);
}

/** The address that stands at `offset`. */
export function readAddress(operation: string, buffer: Buffer, offset: unknown): number {
  const { bytes, at } = spot(operation, buffer, offset, pointerBytes);
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * two32;
}

/** `length` bytes where the pointer at `offset` points to; no bytes for NULL. */
export function readPointer(buffer: Buffer, offset: unknown = 0, length: unknown = 0): Buffer {
  return pointee('readPointer', buffer, offset, length, true);
}

/** The same; `wanted`: the program asked for the bytes, and a pointer to what cannot be read throws. */
export function pointee(operation: string, buffer: Buffer, offset: unknown, length: unknown, wanted: boolean): Buffer {
  const target = readAddress(operation, buffer, offset);
  return foreignMemory().at(target, typeof length === 'number' ? Math.max(0, length) : 0, wanted);
}

/** Writes without keeping the Buffer that is pointed to alive. */
export function writePointerOnly(buffer: Buffer, offset: unknown, pointer: unknown): void {
  if (pointer !== null && !Buffer.isBuffer(pointer))
    throw new TypeError('writePointer: Buffer instance expected as third argument');
  const there = spot('writePointer', buffer, offset, pointerBytes);
  const target = pointer === null || pointer === nullPointer ? 0 : foreignMemory().addressOf(pointer);
  // Addresses up to 2^64 - 1 are asked for as numbers; the highest are rounded, and -1 is the only one in use.
  const high = Math.min(Math.floor(target / two32), two32 - 1);
  there.bytes.writeUInt32LE(target >= two32 * two32 ? two32 - 1 : target % two32, there.at);
  there.bytes.writeUInt32LE(high, there.at + 4);
  written(there, pointerBytes, target !== 0);
}

/** Writes the address of a Buffer, or NULL for null, and keeps that Buffer alive. */
export function writePointer(buffer: Buffer, offset: unknown, pointer: unknown): void {
  writePointerOnly(buffer, offset, pointer);
  if (Buffer.isBuffer(pointer)) attach(buffer, pointer, typeof offset === 'number' ? offset : 0);
}

/** `size` bytes from the Buffer's address on, whatever its length. */
export function reinterpretOnly(buffer: Buffer, size: unknown, offset: unknown = 0): Buffer {
  requireBuffer(buffer);
  const at = typeof offset === 'number' ? offset : 0;
  const length = typeof size === 'number' ? size : 0;
  if (!(length >= 0 && length <= Number.MAX_SAFE_INTEGER))
    throw Object.assign(new RangeError('"length" is outside of buffer bounds'), { code: 'ERR_BUFFER_OUT_OF_BOUNDS' });
  if (isNull(buffer)) throw new Error('reinterpret: Cannot reinterpret from nullptr pointer');
  if (at >= 0 && at + length <= buffer.length) return buffer.subarray(at, at + length);
  return foreignMemory().at(address(buffer, at), length, true);
}

/** The same, and keeps the Buffer alive. */
export function reinterpret(buffer: Buffer, size: unknown, offset: unknown = 0): Buffer {
  const result = reinterpretOnly(buffer, size, offset);
  attach(result, buffer);
  return result;
}

/** The bytes up to the first `size` zeros in a row at a multiple of `size`; 0 zeros stand at once. */
export function reinterpretUntilZerosOnly(buffer: Buffer, size: unknown, offset: unknown = 0): Buffer {
  requireBuffer(buffer);
  if (isNull(buffer)) throw new Error('reinterpretUntilZeros: Cannot reinterpret from nullptr pointer');
  const at = typeof offset === 'number' ? offset : 0;
  const unit = typeof size === 'number' ? Math.max(0, Math.trunc(size)) : 0;
  const length = unit === 0 ? 0 : foreignMemory().zerosAt(address(buffer, at), unit);
  return reinterpretOnly(buffer, length, at);
}

export function reinterpretUntilZeros(buffer: Buffer, size: unknown, offset: unknown = 0): Buffer {
  const result = reinterpretUntilZerosOnly(buffer, size, offset);
  attach(result, buffer);
  return result;
}
