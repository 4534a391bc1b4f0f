/**
 * The header of a Spur 64-bit image file: 128 bytes, in the file's byte order; 64-bit words where marked.
 *
 *      0 format number           24 special objects (64)   56 extra VM memory          72 bytes of first segment (64)
 *      4 header size             32 last hash (64)         60 stack pages, code KB     80 free bytes in the image (64)
 *      8 bytes of data (64)      40 window size (64)       64 eden bytes               88 unused
 *     16 base address (64)       48 flags (64)             68 external semaphores (u16)
 *
 * Source: `writeImageFileIO` and `readImageFromFile:` in Squeak's VMMaker.
 */
import type { ImageFormat } from './detect-format.ts';
import { malformed, truncated } from './errors.ts';
import { BRIDGE_BYTES, type ImageSettings } from './spur32-header.ts';

export const SPUR64_HEADER_BYTES = 128;
export const SPUR64_MAGIC = 68021;

export interface Spur64Header {
  readonly magic: number;
  readonly headerBytes: number;
  readonly dataBytes: number;
  readonly baseAddress: number;
  readonly specialObjectsOop: number;
  readonly lastHash: number;
  readonly settings: ImageSettings;
  readonly firstSegmentBytes: number;
}

/** @throws ImageFormatError `truncated`, `bad-header` */
export function readSpur64Header(bytes: Uint8Array, format: ImageFormat): Spur64Header {
  const start = format.headerOffset;
  if (bytes.length < start + SPUR64_HEADER_BYTES)
    throw truncated('the header', start + SPUR64_HEADER_BYTES, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  const little = format.endian === 'little';
  const word = (offset: number): number => view.getUint32(offset, little);
  const half = (offset: number): number => view.getUint16(offset, little);
  const long = (name: string, offset: number): number => {
    const value = view.getBigUint64(offset, little);
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw malformed('bad-header', name, start + offset, `0x${value.toString(16)}`, 'a number below 2^53');
    return Number(value);
  };
  const header: Spur64Header = {
    magic: word(0),
    headerBytes: word(4),
    dataBytes: long('the size of the data', 8),
    baseAddress: long('the base address', 16),
    specialObjectsOop: long('the oop of the special objects', 24),
    lastHash: Number(view.getBigUint64(32, little) & 0xffff_ffffn),
    settings: {
      windowSize: Number(view.getBigUint64(40, little) & 0xffff_ffffn),
      flags: Number(view.getBigUint64(48, little) & 0xffff_ffffn),
      extraVMMemory: word(56),
      stackPages: half(60),
      codeKilobytes: half(62),
      edenBytes: word(64),
      maxExternalSemaphores: half(68),
    },
    firstSegmentBytes: long('the size of the first segment', 72),
  };
  checkHeader(header, start, bytes.length);
  return header;
}

function checkHeader(header: Spur64Header, start: number, fileBytes: number): void {
  const { headerBytes, dataBytes, baseAddress, firstSegmentBytes } = header;
  if (headerBytes < SPUR64_HEADER_BYTES || headerBytes > 4096 || headerBytes % 8 !== 0)
    throw malformed('bad-header', 'the header size', start + 4, headerBytes, `${SPUR64_HEADER_BYTES} bytes`);
  if (start + headerBytes + dataBytes > fileBytes)
    throw truncated('the data that its header announces', start + headerBytes + dataBytes, fileBytes);
  if (baseAddress % 8 !== 0)
    throw malformed('bad-header', 'the base address', start + 16, `0x${baseAddress.toString(16)}`, 'a multiple of 8');
  if (firstSegmentBytes % 8 !== 0 || firstSegmentBytes < BRIDGE_BYTES || firstSegmentBytes > dataBytes)
    throw malformed(
      'bad-header',
      'the size of the first segment',
      start + 72,
      firstSegmentBytes,
      `a multiple of 8 from ${BRIDGE_BYTES} to the ${dataBytes} bytes of data`,
    );
}

/** Writes the header into the first 128 bytes, little-endian. */
export function writeSpur64Header(bytes: Uint8Array, header: Omit<Spur64Header, 'headerBytes'>): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, SPUR64_HEADER_BYTES);
  const { settings } = header;
  const long = (offset: number, value: number) => view.setBigUint64(offset, BigInt(value), true);
  view.setUint32(0, header.magic, true);
  view.setUint32(4, SPUR64_HEADER_BYTES, true);
  long(8, header.dataBytes);
  long(16, header.baseAddress);
  long(24, header.specialObjectsOop);
  long(32, header.lastHash);
  long(40, settings.windowSize);
  long(48, settings.flags);
  view.setUint32(56, settings.extraVMMemory, true);
  view.setUint16(60, settings.stackPages, true);
  view.setUint16(62, settings.codeKilobytes, true);
  view.setUint32(64, settings.edenBytes, true);
  view.setUint16(68, settings.maxExternalSemaphores, true);
  long(72, header.firstSegmentBytes);
}
