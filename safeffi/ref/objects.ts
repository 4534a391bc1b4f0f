/**
 * JavaScript objects in C's memory: a number stands there, and the object lives as long as the Buffer that it was written into.
 */
import { attach } from './attachments.ts';
import { spot, written } from './pointers.ts';

/** Of a slot, as the original has it. */
export const objectBytes = 24;
/** Behind the number: tells a slot from other bytes. */
const mark = 0x6a62_6f66;

const objects = new Map<number, WeakRef<object>>();
const gone = new FinalizationRegistry<number>((id) => objects.delete(id));
let lastId = 0;

/** Throws TypeError for what is no object; `persistent` is told by the original's name for not keeping it alive. */
export function writeObject(buffer: Buffer, offset: unknown, object: unknown, persistent = true): void {
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null)
    throw new TypeError("WriteObject's 3rd argument needs to be an object");
  const there = spot('writeObject', buffer, offset, objectBytes);
  const id = ++lastId;
  objects.set(id, new WeakRef(object));
  gone.register(object, id);
  const { bytes, at } = there;
  bytes.writeUIntLE(id, at, 6);
  bytes.writeUInt16LE(0, at + 6);
  bytes.writeUInt32LE(mark, at + 8);
  bytes.fill(0, at + 12, at + objectBytes);
  written(there, objectBytes);
  if (persistent) attach(buffer, object, typeof offset === 'number' ? offset : 0);
}

/** Throws Error where no object was written, or where it is gone. */
export function readObject(buffer: Buffer, offset: unknown = 0): object {
  const { bytes, at } = spot('readObject', buffer, offset, objectBytes);
  const object = bytes.readUInt32LE(at + 8) === mark ? objects.get(bytes.readUIntLE(at, 6))?.deref() : undefined;
  if (object === undefined) throw new Error('readObject: no Object was written there, or nothing kept it alive');
  return object;
}
