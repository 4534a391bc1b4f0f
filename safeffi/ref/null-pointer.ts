/**
 * NULL: a Buffer without bytes at address 0. It is there before any executor is, and is the same for every mode.
 */
import type { TypedBuffer } from './ref-type.ts';

export const nullPointer: TypedBuffer = Buffer.from(new ArrayBuffer(0));
