/**
 * What the image asks of the memory by number (primitive 254, `vmParameterAt:`), numbered as Squeak's and Pharo's VMs number
 * it; sizes are bytes, times milliseconds. A number that means nothing to this VM is not here, and reads as nil.
 *
 *      1 bytes in old space            10 time in scavenges              40 bytes in a word
 *      2 bytes of new space            11 objects tenured                44 bytes of eden
 *      3 bytes of the heap's buffer    21 remembered objects             48 flags: 64 queues weak arrays that lost elements
 *      7 full collections              24 most free bytes before it      53 segments of old space
 *      8 time in them                     shrinks                        54 free bytes in old space
 *      9 scavenges                     34 bytes allocated in all         67 the heap's limit
 *     41 the image format                46 bytes of machine code          49 entries that the table of external
 *     65 flags: 1 both sets of             (none)                             semaphores may have
 *        bytecodes, 2 read-only objects
 */
import type { GcStatistics } from './gc-statistics.ts';
import type { ObjectMemory } from './object-memory.ts';

export const VM_PARAMETER_COUNT = 75;
const QUEUES_WEAK_ARRAYS = 64;
/** The magic number of the format that the heap is laid out in. */
const SPUR_32_WITH_NATIVE_FLOATS = 6521;
const HAS_BOTH_BYTECODE_SETS = 1;
const HAS_READ_ONLY_OBJECTS = 2;
/** The table is the image's own object and may have any size; images ask before they let it grow. */
const MOST_EXTERNAL_SEMAPHORES = 65536;
/**
 * Numbers by which images tune the collectors of other VMs: allocations between collections (5), survivors that are tenured (6), room to grow,
 * keep and shrink by (23 to 25), sizes that count from the next start on (43, 44, 45, 47), and so on. They are kept and read
 * back; this collector sizes itself. An image that sets them at its start does not expect to fail.
 */
const TUNING: ReadonlySet<number> = new Set([5, 6, 17, 23, 24, 25, 26, 43, 44, 45, 47, 49, 55, 68, 69, 74]);

/** Reads a parameter, or undefined where the number has no meaning. */
export function memoryParameter(memory: ObjectMemory, statistics: GcStatistics, index: number): number | undefined {
  switch (index) {
    case 1:
      return memory.oldBytes;
    case 2:
      return memory.oldStart - memory.edenStart;
    case 3:
      return memory.buffer.byteLength;
    case 7:
      return statistics.fullCollections;
    case 8:
      return Math.round(statistics.fullMs);
    case 9:
      return statistics.scavenges;
    case 10:
      return Math.round(statistics.scavengeMs);
    case 11:
      return statistics.tenuredObjects;
    case 21:
      return memory.remembered.count;
    case 24:
      return memory.buffer.byteLength >> 1;
    case 34:
      return statistics.reclaimedBytes + memory.oldBytes + memory.youngBytes;
    case 40:
      return 4;
    case 41:
      return SPUR_32_WITH_NATIVE_FLOATS;
    case 44:
      return memory.edenEnd - memory.edenStart;
    case 46:
      return 0;
    case 48:
      return memory.mourners.queuesWeakArrays ? QUEUES_WEAK_ARRAYS : 0;
    case 49:
      return memory.tuning.get(index) ?? MOST_EXTERNAL_SEMAPHORES;
    case 53:
      return 1;
    case 54:
      return memory.buffer.byteLength - memory.freeStart + memory.freeLists.bytes;
    case 65:
      return HAS_BOTH_BYTECODE_SETS | HAS_READ_ONLY_OBJECTS;
    case 67:
      return memory.maxBytes;
    default:
      return memory.tuning.get(index);
  }
}

/** Sets a parameter; false where it cannot be set, or not to that value. */
export function setMemoryParameter(memory: ObjectMemory, index: number, value: number): boolean {
  if (TUNING.has(index)) {
    memory.tuning.set(index, value);
    return true;
  }
  if (index !== 48 || (value !== 0 && value !== QUEUES_WEAK_ARRAYS)) return false;
  memory.mourners.queuesWeakArrays = value !== 0;
  return true;
}
