/**
 * The header of a Spur 32-bit image file: 64 bytes, words in the file's byte order.
 *
 *      0 format number        16 oop of special objects   32 extra VM memory             48 bytes of first segment
 *      4 header size          20 last hash                36 stack pages, code KB (u16)  52 free bytes in the image
 *      8 bytes of data        24 window width, height     40 eden bytes                  56 unused
 *     12 base address         28 flags                    44 external semaphores (u16)   60 unused
 *
 * Source: `writeImageFileIO` and `readImageFromFile:` in Squeak's VMMaker.
 */
import type { ImageFormat } from './detect-format.ts';
import { malformed, truncated } from './errors.ts';

export const SPUR32_HEADER_BYTES = 64;
export const SPUR32_MAGIC = 6521;
/** Added to the format number where methods of a second instruction set (Sista V1) occur. */
export const MULTIPLE_BYTECODE_SETS_BIT = 512;
/** A segment ends with a bridge: 8 bytes that span the gap to the next segment, 8 with the size of that segment. */
export const BRIDGE_BYTES = 16;

export const ImageFlag = {
  FULL_SCREEN: 1,
  /** Floats lie with their low word first. */
  FLOATS_LITTLE_ENDIAN: 2,
  /** Ours: the image came from V3, and sees its objects as V3 has them (vm/memory/v3-objects.ts). */
  V3_OBJECTS: 1 << 30,
} as const;

/** What an image asks of the VM that resumes it; kept from load to snapshot, and without meaning for the heap. */
export interface ImageSettings {
  /** Width in the upper 16 bits, height in the lower. */
  readonly windowSize: number;
  readonly flags: number;
  readonly extraVMMemory: number;
  readonly stackPages: number;
  readonly codeKilobytes: number;
  readonly edenBytes: number;
  readonly maxExternalSemaphores: number;
}

export const DEFAULT_SETTINGS: ImageSettings = {
  windowSize: 0,
  flags: ImageFlag.FLOATS_LITTLE_ENDIAN,
  extraVMMemory: 0,
  stackPages: 0,
  codeKilobytes: 0,
  edenBytes: 0,
  maxExternalSemaphores: 0,
};

export interface Spur32Header {
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
export function readSpur32Header(bytes: Uint8Array, format: ImageFormat): Spur32Header {
  const start = format.headerOffset;
  if (bytes.length < start + SPUR32_HEADER_BYTES)
    throw truncated('the header', start + SPUR32_HEADER_BYTES, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  const little = format.endian === 'little';
  const word = (offset: number): number => view.getUint32(offset, little);
  const half = (offset: number): number => view.getUint16(offset, little);
  const header: Spur32Header = {
    magic: word(0),
    headerBytes: word(4),
    dataBytes: word(8),
    baseAddress: word(12),
    specialObjectsOop: word(16),
    lastHash: word(20),
    settings: {
      windowSize: word(24),
      flags: word(28),
      extraVMMemory: word(32),
      stackPages: half(36),
      codeKilobytes: half(38),
      edenBytes: word(40),
      maxExternalSemaphores: half(44),
    },
    firstSegmentBytes: word(48),
  };
  checkHeader(header, start, bytes.length);
  return header;
}

function checkHeader(header: Spur32Header, start: number, fileBytes: number): void {
  const { headerBytes, dataBytes, baseAddress, firstSegmentBytes } = header;
  if (headerBytes < SPUR32_HEADER_BYTES || headerBytes > 4096 || headerBytes % 4 !== 0)
    throw malformed('bad-header', 'the header size', start + 4, headerBytes, `${SPUR32_HEADER_BYTES} bytes`);
  if (start + headerBytes + dataBytes > fileBytes)
    throw truncated('the data that its header announces', start + headerBytes + dataBytes, fileBytes);
  if (baseAddress % 8 !== 0)
    throw malformed('bad-header', 'the base address', start + 12, `0x${baseAddress.toString(16)}`, 'a multiple of 8');
  if (firstSegmentBytes % 8 !== 0 || firstSegmentBytes < BRIDGE_BYTES || firstSegmentBytes > dataBytes)
    throw malformed(
      'bad-header',
      'the size of the first segment',
      start + 48,
      firstSegmentBytes,
      `a multiple of 8 from ${BRIDGE_BYTES} to the ${dataBytes} bytes of data`,
    );
}

/** Writes the header into the first 64 bytes, little-endian. */
export function writeSpur32Header(bytes: Uint8Array, header: Omit<Spur32Header, 'headerBytes'>): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, SPUR32_HEADER_BYTES);
  const { settings } = header;
  view.setUint32(0, header.magic, true);
  view.setUint32(4, SPUR32_HEADER_BYTES, true);
  view.setUint32(8, header.dataBytes, true);
  view.setUint32(12, header.baseAddress, true);
  view.setUint32(16, header.specialObjectsOop, true);
  view.setUint32(20, header.lastHash, true);
  view.setUint32(24, settings.windowSize, true);
  view.setUint32(28, settings.flags, true);
  view.setUint32(32, settings.extraVMMemory, true);
  view.setUint16(36, settings.stackPages, true);
  view.setUint16(38, settings.codeKilobytes, true);
  view.setUint32(40, settings.edenBytes, true);
  view.setUint16(44, settings.maxExternalSemaphores, true);
  view.setUint32(48, header.firstSegmentBytes, true);
}
