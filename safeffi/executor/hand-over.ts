/**
 * The native side of a callout that sleeps: `native/hand-over.c`, one call for wake, sleep and look. Undefined where it was not
 * built; then a lane makes the system calls itself.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { koffi } from './koffi.ts';

/** Of the domain's address in this process, a line's offset there, and a limit; answers the line's state. */
export type HandOver = (base: number, lineOffset: number, microseconds: number) => number;

const library = fileURLToPath(new URL('../../native/hand-over.so', import.meta.url));

let known: { readonly call: HandOver | undefined } | undefined;

export function handOver(): HandOver | undefined {
  known ??= { call: existsSync(library) ? load() : undefined };
  return known.call;
}

function load(): HandOver {
  return koffi()
    .load(library)
    .func('safeffi_hand_over', 'int32_t', ['double', 'uint32_t', 'uint32_t']) as unknown as HandOver;
}
