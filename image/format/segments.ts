/**
 * The segments of a Spur image file of either word size, and what an address in the file's oops means here.
 *
 * The VM that wrote the file had its heap in segments with gaps between them. In the file they follow one another without
 * gaps; each ends with a bridge of 16 bytes: an object that spans the gap (count of words in its overflow word), then
 * the size of the next segment, 0 in the last. Here all segments lie together from the start of old space on, without bridges.
 */
import { malformed } from './errors.ts';
import { BRIDGE_BYTES, type WordBytes } from './spur-header.ts';

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

/** What the header of either word size says of the segments. */
export interface SegmentedData {
  readonly dataBytes: number;
  readonly baseAddress: number;
  readonly firstSegmentBytes: number;
}

/** The 16 bytes that end a segment. */
interface Bridge {
  /** Bytes of address space up to the next segment. */
  readonly spanBytes: number;
  /** Bytes of the next segment in the file, 0 where there is none. */
  readonly nextBytes: number;
}

/** `heapStart` is where the first object is to lie. @throws ImageFormatError `bad-segment` */
export function readSegments(
  bytes: Uint8Array,
  header: SegmentedData,
  dataOffset: number,
  wordBytes: WordBytes,
  little: boolean,
  heapStart: number,
): Segment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const readBridge = wordBytes === 4 ? bridge32 : bridge64;
  const highest = wordBytes === 4 ? 2 ** 32 : Number.MAX_SAFE_INTEGER;
  const dataEnd = dataOffset + header.dataBytes;
  const segments: Segment[] = [];
  let fileOffset = dataOffset;
  let oldStart = header.baseAddress;
  let newStart = heapStart;
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
    const bridgeOffset = fileOffset + segmentBytes - BRIDGE_BYTES;
    const bridge = readBridge(view, bridgeOffset, little);
    oldStart += segmentBytes + bridge.spanBytes;
    if (oldStart > highest)
      throw malformed(
        'bad-segment',
        `the end of segment ${segments.length}`,
        bridgeOffset,
        oldStart,
        wordBytes === 4 ? 'an address of 32 bits' : 'an address below 2^53',
      );
    fileOffset += segmentBytes;
    segmentBytes = bridge.nextBytes;
  }
  return segments;
}

function bridge32(view: DataView, offset: number, little: boolean): Bridge {
  const spansGap = view.getUint32(offset + 4, little) >>> 24 === 255;
  return {
    spanBytes: spansGap ? view.getUint32(offset, little) * 4 : 0,
    nextBytes: view.getUint32(offset + 8, little),
  };
}

function bridge64(view: DataView, offset: number, little: boolean): Bridge {
  const first = view.getBigUint64(offset, little);
  const spansGap = first >> 56n === 255n;
  return {
    spanBytes: spansGap ? Number(first & 0xff_ffff_ffff_ffffn) * 8 : 0,
    nextBytes: Number(view.getBigUint64(offset + 8, little)),
  };
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
