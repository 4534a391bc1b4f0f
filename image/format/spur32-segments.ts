/**
 * The segments of a Spur 32-bit image file, and what an address in the file's oops means here.
 *
 * The VM that wrote the file had its heap in segments with gaps between them. In the file they follow one another without
 * gaps; each ends with a bridge of 16 bytes: an object that spans the gap (count of words in its overflow word), then
 * the size of the next segment, 0 in the last. Here all segments lie together from HEAP_BASE on, without bridges.
 */
import { HEAP_BASE } from '../../vm/memory/object-memory.ts';
import { malformed } from './errors.ts';
import { BRIDGE_BYTES, type Spur32Header } from './spur32-header.ts';

export interface Segment {
  /** Offset in the file of the first object. */
  readonly fileOffset: number;
  /** Address of the first object in the VM that wrote the file. */
  readonly oldStart: number;
  /** Bytes of objects, without the bridge. */
  readonly bytes: number;
  /** Address of the first object here. */
  readonly newStart: number;
}

/** @throws ImageFormatError `bad-segment` */
export function readSegments(bytes: Uint8Array, header: Spur32Header, dataOffset: number, little: boolean): Segment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dataEnd = dataOffset + header.dataBytes;
  const segments: Segment[] = [];
  let fileOffset = dataOffset;
  let oldStart = header.baseAddress;
  let newStart = HEAP_BASE;
  let segmentBytes = header.firstSegmentBytes;
  while (segmentBytes !== 0) {
    if (segmentBytes % 8 !== 0 || segmentBytes < BRIDGE_BYTES || fileOffset + segmentBytes > dataEnd)
      throw malformed(
        'bad-segment',
        `the size of segment ${segments.length + 1}`,
        fileOffset - 8,
        segmentBytes,
        `a multiple of 8 from ${BRIDGE_BYTES} to the ${dataEnd - fileOffset} bytes left`,
      );
    segments.push({ fileOffset, oldStart, bytes: segmentBytes - BRIDGE_BYTES, newStart });
    newStart += segmentBytes - BRIDGE_BYTES;
    const bridge = fileOffset + segmentBytes - BRIDGE_BYTES;
    const spansGap = view.getUint32(bridge + 4, little) >>> 24 === 255;
    oldStart += segmentBytes + (spansGap ? view.getUint32(bridge, little) * 4 : 0);
    if (oldStart > 2 ** 32)
      throw malformed(
        'bad-segment',
        `the end of segment ${segments.length}`,
        bridge,
        oldStart,
        'an address of 32 bits',
      );
    fileOffset += segmentBytes;
    segmentBytes = view.getUint32(bridge + 8, little);
  }
  return segments;
}

/** Where an address of the writing VM lies here, or undefined when it is in no segment. */
export function newAddressOf(segments: readonly Segment[], oldAddress: number): number | undefined {
  for (const segment of segments) {
    const distance = oldAddress - segment.oldStart;
    if (distance >= 0 && distance < segment.bytes) return segment.newStart + distance;
  }
  return undefined;
}

/** Where in the file the byte lies that was loaded to `address`; the end of the last segment for an address beyond it. */
export function fileOffsetOf(segments: readonly Segment[], address: number): number {
  const last = segments[segments.length - 1]!;
  const segment = segments.find(({ newStart, bytes }) => address < newStart + bytes) ?? last;
  return segment.fileOffset + Math.min(address - segment.newStart, segment.bytes);
}
