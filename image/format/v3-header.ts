/**
 * The header of a V3 32-bit image file: 64 bytes, words in the file's byte order.
 *
 *      0 format number        12 start of memory         24 window width, height   36 stack pages, code KB (u16)
 *      4 header size          16 oop of special objects  28 full screen            40 eden bytes
 *      8 bytes of data        20 last hash               32 extra VM memory        44 external semaphores (u16)
 *
 * What stands from 36 on is the Cog VMs'; older ones leave it 0. Source: `writeImageFileIO` in Squeak's VMMaker.
 */
import type { ImageFormat } from './detect-format.ts';
import { malformed, truncated } from './errors.ts';
import { ImageFlag, type ImageSettings } from './image-settings.ts';

const V3_HEADER_BYTES = 64;

export interface V3Header {
  readonly headerBytes: number;
  readonly dataBytes: number;
  readonly baseAddress: number;
  readonly specialObjectsOop: number;
  readonly lastHash: number;
  readonly settings: ImageSettings;
}

/** @throws ImageFormatError `truncated`, `bad-header` */
export function readV3Header(bytes: Uint8Array, format: ImageFormat): V3Header {
  const start = format.headerOffset;
  if (bytes.length < start + V3_HEADER_BYTES) throw truncated('the header', start + V3_HEADER_BYTES, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  const little = format.endian === 'little';
  const word = (offset: number): number => view.getUint32(offset, little);
  const headerBytes = word(4);
  const dataBytes = word(8);
  if (headerBytes < V3_HEADER_BYTES || headerBytes > 4096 || headerBytes % 4 !== 0)
    throw malformed('bad-header', 'the header size', start + 4, headerBytes, `${V3_HEADER_BYTES} bytes`);
  if (start + headerBytes + dataBytes > bytes.length)
    throw truncated('the data that its header announces', start + headerBytes + dataBytes, bytes.length);
  if (dataBytes % 4 !== 0)
    throw malformed('bad-header', 'the size of the data', start + 8, dataBytes, 'a multiple of 4');
  if (word(12) % 4 !== 0)
    throw malformed('bad-header', 'the start of memory', start + 12, `0x${word(12).toString(16)}`, 'a multiple of 4');
  return {
    headerBytes,
    dataBytes,
    baseAddress: word(12),
    specialObjectsOop: word(16),
    lastHash: word(20),
    settings: {
      windowSize: word(24),
      flags: (word(28) === 0 ? 0 : ImageFlag.FULL_SCREEN) | ImageFlag.FLOATS_LITTLE_ENDIAN | ImageFlag.V3_OBJECTS,
      extraVMMemory: word(32),
      stackPages: view.getUint16(36, little),
      codeKilobytes: view.getUint16(38, little),
      edenBytes: word(40),
      maxExternalSemaphores: view.getUint16(44, little),
    },
  };
}
