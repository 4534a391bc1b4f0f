/**
 * How a struct or union is passed by value on x86-64 System V (psABI 3.2.3): its eightbytes in integer or vector
 * registers, or the whole in memory.
 */
import { flatFields } from '../types/aggregate-types.ts';
import type { CType } from '../types/scalar-types.ts';

export type EightbyteClass = 'integer' | 'vector';

const mostRegisterBytes = 16;

interface Leaf {
  readonly type: CType;
  readonly offsetBytes: number;
}

/** The classes of the eightbytes; undefined for a record that is passed in memory: large, or with misaligned fields. */
export function classifyRecord(record: CType): EightbyteClass[] | undefined {
  if (record.sizeBytes > mostRegisterBytes) return undefined;
  const classes: EightbyteClass[] = Array.from({ length: Math.ceil(record.sizeBytes / 8) }, () => 'vector');
  for (const { type, offsetBytes } of leaves(record, 0)) {
    if (offsetBytes % type.sizeBytes !== 0) return undefined;
    // Merging: integer wins over vector. An eightbyte of floats alone stays vector.
    if (type.kind !== 'float') classes[Math.floor(offsetBytes / 8)] = 'integer';
  }
  return classes;
}

function leaves(type: CType, offsetBytes: number): Leaf[] {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return flatFields(type.fields).flatMap((field) => leaves(field.type, offsetBytes + field.offsetBytes));
    case 'array': {
      const { element, length } = type;
      return Array.from({ length }, (_, i) => leaves(element, offsetBytes + i * element.sizeBytes)).flat();
    }
    default:
      return [{ type, offsetBytes }];
  }
}
