/** Text of the host as images expect it of a VM: a ByteString whose characters are the bytes of UTF-8. NO_OOP when there is no room. */
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { NO_OOP, type Oop } from '../vm/memory/oop.ts';
import { ClassIndex } from '../vm/memory/well-known.ts';

export function utf8Text(memory: ObjectMemory, text: string): Oop {
  const bytes = new TextEncoder().encode(text);
  if (!memory.hasRoomFor((bytes.length + 3) >> 2)) return NO_OOP;
  const oop = memory.allocateBytes(ClassIndex.BYTE_STRING, bytes.length);
  memory.bytesOf(oop).set(bytes);
  return oop;
}
