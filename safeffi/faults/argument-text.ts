import type { FaultArgument } from './fault.ts';

/** `argument 1 (ByteArray, 64 bytes)`; position 0 is the memory that a record comes back in. */
export function argumentText({ position, kind, sizeBytes }: FaultArgument): string {
  return position === 0 ? `the result (${sizeBytes} bytes)` : `argument ${position} (${kind}, ${sizeBytes} bytes)`;
}
