/**
 * The header of a Spur image file of either word size, in the file's byte order. L marks a field of the word size, 4 or 8 bytes;
 * the others have 4 bytes, or 2 where two names stand.
 *
 *                              32-bit  64-bit                                    32-bit  64-bit
 *     format number               0       0       L flags                           28      48
 *     header size                 4       4       extra VM memory                   32      56
 *     L bytes of data             8       8       stack pages, code KB           36, 38  60, 62
 *     L base address             12      16       eden bytes                        40      64
 *     L special objects          16      24       external semaphores (2 bytes)     44      68
 *     L last hash                20      32       L bytes of first segment          48      72
 *     L window width, height     24      40       L free bytes in the image         52      80
 *
 * The header takes 64 or 128 bytes; what is beyond the fields is unused. Source: `writeImageFileIO` and `readImageFromFile:` in
 * Squeak's VMMaker.
 */
import type { ImageFormat } from './detect-format.ts';
import { malformed, truncated } from './errors.ts';
import { DEFAULT_SETTINGS, type ImageSettings } from './image-settings.ts';

export type WordBytes = 4 | 8;

interface HeaderLayout {
  readonly magic: number;
  readonly headerBytes: number;
  readonly dataBytes: number;
  readonly baseAddress: number;
  readonly specialObjectsOop: number;
  readonly lastHash: number;
  readonly windowSize: number;
  readonly flags: number;
  readonly extraVMMemory: number;
  readonly stackPages: number;
  readonly codeKilobytes: number;
  readonly edenBytes: number;
  readonly maxExternalSemaphores: number;
  readonly firstSegmentBytes: number;
}

const LAYOUT_32: HeaderLayout = {
  magic: 6521,
  headerBytes: 64,
  dataBytes: 8,
  baseAddress: 12,
  specialObjectsOop: 16,
  lastHash: 20,
  windowSize: 24,
  flags: 28,
  extraVMMemory: 32,
  stackPages: 36,
  codeKilobytes: 38,
  edenBytes: 40,
  maxExternalSemaphores: 44,
  firstSegmentBytes: 48,
};
const LAYOUT_64: HeaderLayout = {
  magic: 68021,
  headerBytes: 128,
  dataBytes: 8,
  baseAddress: 16,
  specialObjectsOop: 24,
  lastHash: 32,
  windowSize: 40,
  flags: 48,
  extraVMMemory: 56,
  stackPages: 60,
  codeKilobytes: 62,
  edenBytes: 64,
  maxExternalSemaphores: 68,
  firstSegmentBytes: 72,
};
const layoutOf = (wordBytes: WordBytes): HeaderLayout => (wordBytes === 4 ? LAYOUT_32 : LAYOUT_64);

/** Bytes of the header that is written; a file of another VM may have a longer one. */
export const headerBytesOf = (wordBytes: WordBytes): number => layoutOf(wordBytes).headerBytes;
const MAX_HEADER_BYTES = 4096;

/** Added to the format number where methods of a second instruction set (Sista V1) occur. */
const MULTIPLE_BYTECODE_SETS_BIT = 512;
/** A segment ends with a bridge: 8 bytes that span the gap to the next segment, 8 with the size of that segment. */
export const BRIDGE_BYTES = 16;

export interface SpurHeader {
  readonly headerBytes: number;
  readonly dataBytes: number;
  readonly baseAddress: number;
  readonly specialObjectsOop: number;
  readonly lastHash: number;
  readonly settings: ImageSettings;
  readonly firstSegmentBytes: number;
}

/** @throws ImageFormatError `truncated`, `bad-header` */
export function readSpurHeader(bytes: Uint8Array, format: ImageFormat, wordBytes: WordBytes): SpurHeader {
  const layout = layoutOf(wordBytes);
  const start = format.headerOffset;
  if (bytes.length < start + layout.headerBytes)
    throw truncated('the header', start + layout.headerBytes, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  const little = format.endian === 'little';
  const word = (offset: number): number => view.getUint32(offset, little);
  const half = (offset: number): number => view.getUint16(offset, little);
  const long = (name: string, offset: number): number => {
    if (wordBytes === 4) return word(offset);
    const value = view.getBigUint64(offset, little);
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw malformed('bad-header', name, start + offset, `0x${value.toString(16)}`, 'a number below 2^53');
    return Number(value);
  };
  /** A field of the word size of which only the lower 32 bits mean anything. */
  const lowHalf = (offset: number): number => word(wordBytes === 4 || little ? offset : offset + 4);
  const header: SpurHeader = {
    headerBytes: word(4),
    dataBytes: long('the size of the data', layout.dataBytes),
    baseAddress: long('the base address', layout.baseAddress),
    specialObjectsOop: long('the oop of the special objects', layout.specialObjectsOop),
    lastHash: lowHalf(layout.lastHash),
    settings: {
      windowSize: lowHalf(layout.windowSize),
      flags: lowHalf(layout.flags),
      extraVMMemory: word(layout.extraVMMemory),
      stackPages: half(layout.stackPages),
      codeKilobytes: half(layout.codeKilobytes),
      edenBytes: word(layout.edenBytes),
      maxExternalSemaphores: half(layout.maxExternalSemaphores),
    },
    firstSegmentBytes: long('the size of the first segment', layout.firstSegmentBytes),
  };
  checkHeader(header, layout, wordBytes, start, bytes.length);
  return header;
}

function checkHeader(
  { headerBytes, dataBytes, baseAddress, firstSegmentBytes }: SpurHeader,
  layout: HeaderLayout,
  wordBytes: WordBytes,
  start: number,
  fileBytes: number,
): void {
  if (headerBytes < layout.headerBytes || headerBytes > MAX_HEADER_BYTES || headerBytes % wordBytes !== 0)
    throw malformed('bad-header', 'the header size', start + 4, headerBytes, `${layout.headerBytes} bytes`);
  if (start + headerBytes + dataBytes > fileBytes)
    throw truncated('the data that its header announces', start + headerBytes + dataBytes, fileBytes);
  if (baseAddress % 8 !== 0) {
    const found = `0x${baseAddress.toString(16)}`;
    throw malformed('bad-header', 'the base address', start + layout.baseAddress, found, 'a multiple of 8');
  }
  if (firstSegmentBytes % 8 !== 0 || firstSegmentBytes < BRIDGE_BYTES || firstSegmentBytes > dataBytes)
    throw malformed(
      'bad-header',
      'the size of the first segment',
      start + layout.firstSegmentBytes,
      firstSegmentBytes,
      `a multiple of 8 from ${BRIDGE_BYTES} to the ${dataBytes} bytes of data`,
    );
}

export interface WrittenHeader {
  /** Methods of Sista V1 occur. */
  readonly usesSista: boolean;
  /** Of the objects and the bridge behind them, which are one segment. */
  readonly dataBytes: number;
  readonly baseAddress: number;
  readonly specialObjectsOop: number;
  readonly lastHash: number;
  readonly settings?: ImageSettings;
}

/** Writes the header to the start of `bytes`, little-endian. */
export function writeSpurHeader(bytes: Uint8Array, wordBytes: WordBytes, header: WrittenHeader): void {
  const layout = layoutOf(wordBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, layout.headerBytes);
  const { settings = DEFAULT_SETTINGS } = header;
  const word = (offset: number, value: number) => view.setUint32(offset, value, true);
  const half = (offset: number, value: number) => view.setUint16(offset, value, true);
  word(0, layout.magic + (header.usesSista ? MULTIPLE_BYTECODE_SETS_BIT : 0));
  word(4, layout.headerBytes);
  const long = (offset: number, value: number) => {
    word(offset, value % 2 ** 32);
    if (wordBytes === 8) word(offset + 4, Math.floor(value / 2 ** 32));
  };
  long(layout.dataBytes, header.dataBytes);
  long(layout.baseAddress, header.baseAddress);
  long(layout.specialObjectsOop, header.specialObjectsOop);
  word(layout.lastHash, header.lastHash);
  word(layout.windowSize, settings.windowSize);
  word(layout.flags, settings.flags);
  word(layout.extraVMMemory, settings.extraVMMemory);
  half(layout.stackPages, settings.stackPages);
  half(layout.codeKilobytes, settings.codeKilobytes);
  word(layout.edenBytes, settings.edenBytes);
  half(layout.maxExternalSemaphores, settings.maxExternalSemaphores);
  long(layout.firstSegmentBytes, header.dataBytes);
}
