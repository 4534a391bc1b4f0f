/**
 * How a struct or union is passed by value on x86-64 System V (psABI 3.2.3): its eightbytes in integer or vector
 * registers, or the whole in memory. Misaligned fields, which only packed records have, put it into memory; where the psABI
 * leaves room this follows gcc (config/i386/i386.cc, classify_argument): an array is classified by its first element, a
 * bit-field of a union as an integer of its width, one of a struct by the eightbytes that it touches.
 */
import { badTypeError } from '../errors.ts';
import { type Bits, bytesSpanned } from '../types/bit-field.ts';
import type { CType } from '../types/scalar-types.ts';

export type EightbyteClass = 'integer' | 'vector';

const mostRegisterBytes = 16;

/** The classes of the eightbytes that a part touches, from the one that it begins in; undefined in it: padding alone. */
type Classes = (EightbyteClass | undefined)[];

/**
 * The classes of the eightbytes; undefined for a record that is passed in memory: large, or with misaligned fields. Throws
 * CalloutError `bad-type` where an eightbyte is padding alone, which no register carries.
 */
export function classifyRecord(record: CType): EightbyteClass[] | undefined {
  if (record.sizeBytes > mostRegisterBytes) return undefined;
  const classes = classify(record, 0);
  if (classes?.includes(undefined))
    throw badTypeError(record.name, 'eight of its bytes hold unnamed bits alone: it is passed by pointer only');
  return classes as EightbyteClass[] | undefined;
}

/** `offset` in bytes from the whole record's start. Undefined: the whole goes to memory. */
function classify(type: CType, offset: number): Classes | undefined {
  const count = Math.ceil(((offset % 8) + type.sizeBytes) / 8);
  switch (type.kind) {
    case 'array': {
      const element = classify(type.element, offset);
      return element && Array.from({ length: count }, (_, i) => element[i % element.length]);
    }
    case 'struct':
    case 'union': {
      const classes: Classes = Array.from({ length: count });
      for (const field of type.fields) {
        const found =
          field.bits === undefined
            ? classify(field.type, offset + field.offsetBytes)
            : classifyBits(field.bits, offset + field.offsetBytes, type.kind);
        if (found === undefined) return undefined;
        const first = Math.floor(((offset % 8) + field.offsetBytes) / 8);
        for (const [i, each] of found.entries()) {
          // Merging: integer wins over vector. An eightbyte of floats alone stays vector.
          if (each === 'integer') classes[first + i] = 'integer';
          else if (each === 'vector') classes[first + i] ??= 'vector';
        }
      }
      return classes;
    }
    default:
      if (offset % type.sizeBytes !== 0) return undefined;
      return [type.kind === 'float' ? 'vector' : 'integer'];
  }
}

function classifyBits(bits: Bits, offset: number, within: 'struct' | 'union'): Classes | undefined {
  if (within === 'union') {
    const sizeBytes = [1, 2, 4, 8].find((bytes) => 8 * bytes >= bits.width)!;
    return offset % sizeBytes === 0 ? ['integer'] : undefined;
  }
  return Array.from({ length: Math.ceil(((offset % 8) + bytesSpanned(bits)) / 8) }, () => 'integer');
}
