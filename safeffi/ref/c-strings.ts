/**
 * C strings: bytes up to a NUL, UTF-8 unless an encoding is named.
 */
import assert from 'node:assert';
import { foreignMemory, openedMemory } from './foreign-home.ts';
import { nullPointer } from './null-pointer.ts';
import { address, isNull, requireBuffer } from './pointers.ts';

/**
 * The string at `offset`. Where the Buffer holds no NUL, the memory behind it is read on, as far as there is one. Throws Error
 * for NULL, FFIFault for what cannot be read.
 */
export function readCString(buffer: Buffer, offset: unknown = 0): string {
  requireBuffer(buffer);
  const at = typeof offset === 'number' ? offset : 0;
  if (at >= 0 && at < buffer.length) {
    openedMemory()?.refresh(buffer, at, buffer.length - at);
    const nul = buffer.indexOf(0, at);
    if (nul >= 0) return buffer.toString('utf8', at, nul);
  }
  if (isNull(buffer)) throw new Error('readCString: Cannot read from nullptr pointer');
  return foreignMemory().textAt(address(buffer, at));
}

/** Writes as much of the string as there is room for, and a NUL. */
export function writeCString(
  buffer: Buffer,
  offset: unknown,
  string: unknown,
  encoding: BufferEncoding = 'utf8',
): void {
  assert(Buffer.isBuffer(buffer), 'expected a Buffer as the first argument');
  assert.strictEqual(typeof string, 'string', 'expected a "string" as the third argument');
  const at = typeof offset === 'number' ? offset : 0;
  const length = buffer.write(string as string, at, buffer.length - at - 1, encoding);
  buffer.writeUInt8(0, at + length);
  openedMemory()?.written(buffer, at, length + 1, false);
}

/** A Buffer with the string and a NUL, in memory that C sees; NULL for null, undefined and NULL. */
export function allocCString(string: unknown, encoding: BufferEncoding = 'utf8'): Buffer {
  if (string === null || string === undefined || (Buffer.isBuffer(string) && isNull(string))) return nullPointer;
  const size = Buffer.byteLength(string as string, encoding) + 1;
  const buffer = foreignMemory().allocate(size);
  writeCString(buffer, 0, string, encoding);
  return buffer;
}
