/**
 * How a struct or union is passed by value on x86-64 System V (psABI 3.2.3): its eightbytes in integer or vector
 * registers, or the whole in memory.
 */
import { badTypeError } from '../errors.ts';
import { flatFields } from '../types/aggregate-types.ts';
import { type Bits, bytesSpanned } from '../types/bit-field.ts';
import type { CType } from '../types/scalar-types.ts';

export type EightbyteClass = 'integer' | 'vector';

const mostRegisterBytes = 16;

interface Leaf {
  readonly type: CType;
  readonly offsetBytes: number;
  readonly bits?: Bits | undefined;
}

/**
 * The classes of the eightbytes; undefined for a record that is passed in memory: large, or with misaligned fields. Throws
 * CalloutError `bad-type` where an eightbyte is padding alone, which no register carries.
 */
export function classifyRecord(record: CType): EightbyteClass[] | undefined {
  if (record.sizeBytes > mostRegisterBytes) return undefined;
  const classes: (EightbyteClass | undefined)[] = Array.from({ length: Math.ceil(record.sizeBytes / 8) });
  for (const { type, offsetBytes, bits } of leaves(record, 0)) {
    if (bits !== undefined) {
      const last = offsetBytes + bytesSpanned(bits) - 1;
      for (let eightbyte = Math.floor(offsetBytes / 8); eightbyte <= Math.floor(last / 8); eightbyte++)
        classes[eightbyte] = 'integer';
      continue;
    }
    if (offsetBytes % type.sizeBytes !== 0) return undefined;
    // Merging: integer wins over vector. An eightbyte of floats alone stays vector.
    const eightbyte = Math.floor(offsetBytes / 8);
    if (type.kind !== 'float') classes[eightbyte] = 'integer';
    else classes[eightbyte] ??= 'vector';
  }
  if (classes.includes(undefined))
    throw badTypeError(record.name, 'eight of its bytes hold unnamed bits alone: it is passed by pointer only');
  return classes as EightbyteClass[];
}

function leaves(type: CType, offsetBytes: number, bits?: Bits): Leaf[] {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return flatFields(type.fields).flatMap((field) =>
        leaves(field.type, offsetBytes + field.offsetBytes, field.bits),
      );
    case 'array': {
      const { element, length } = type;
      return Array.from({ length }, (_, i) => leaves(element, offsetBytes + i * element.sizeBytes)).flat();
    }
    default:
      return [{ type, offsetBytes, bits }];
  }
}
