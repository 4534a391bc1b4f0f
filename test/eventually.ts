/**
 * Waits for what the kernel or another process does in its own time: a process that was killed dies, a thread that was joined
 * leaves its folder in /proc, a spare boots. A test that looks once counts on the machine being idle; one that waits for a time
 * counts on the time being enough. These look until they see what is expected, and answer what they saw last, so that
 * `expect` shows the difference: `expect(eventually(look, wanted)).toEqual(wanted)`. The bound ends a wait that is in vain.
 */
import { setImmediate } from 'node:timers/promises';

const limitMs = 60_000;
/** Others need the core for what is waited for. */
const restMs = 1;

/** Compared as JSON: node's own arrays are of another realm than a test's, which isDeepStrictEqual minds. */
const areEqual = (seen: unknown, wanted: unknown) => JSON.stringify(seen) === JSON.stringify(wanted);

const restWord = new Int32Array(new SharedArrayBuffer(4));

/** Looks until `look()` equals `wanted`, plain data, and gives the core away in between; the event loop stands still. */
export function eventually<T>(look: () => T, wanted: T): T {
  const limit = performance.now() + limitMs;
  for (;;) {
    const seen = look();
    if (areEqual(seen, wanted) || performance.now() > limit) return seen;
    Atomics.wait(restWord, 0, 0, restMs);
  }
}

/** The same where the event loop must turn meanwhile: for timers, exits that Node is told of, the sweeping of dead children. */
export async function eventuallyInTurns<T>(look: () => T, wanted: T): Promise<T> {
  const limit = performance.now() + limitMs;
  for (;;) {
    const seen = look();
    if (areEqual(seen, wanted) || performance.now() > limit) return seen;
    Atomics.wait(restWord, 0, 0, restMs);
    await setImmediate();
  }
}
