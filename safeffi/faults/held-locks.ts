/**
 * Whether C stopped inside the allocator or the loader. These hold locks while they work: a callout that is abandoned there
 * leaves them locked, and the next `malloc` or `dlopen` may wait for ever. So the way on that is advised then makes a clean
 * process: back to a checkpoint, or a restart.
 */
import type { CFrame, FaultAdvice, FaultChoice } from './fault.ts';

const allocators: ReadonlySet<string> = new Set([
  ...['malloc', 'calloc', 'realloc', 'reallocarray', 'free', 'cfree', 'memalign', 'posix_memalign', 'aligned_alloc'],
  ...['valloc', 'pvalloc', 'malloc_trim', 'malloc_info', 'mallopt', '__libc_malloc', '__libc_free', '__libc_calloc'],
  ...[
    '__libc_realloc',
    '__libc_memalign',
    '_int_malloc',
    '_int_free',
    '_int_realloc',
    'malloc_consolidate',
    'sysmalloc',
  ],
  ...['malloc_printerr', 'unlink_chunk', 'tcache_get', 'tcache_put'],
]);
const loaderFunctions: ReadonlySet<string> = new Set(['dlopen', 'dlclose', 'dlmopen', 'dl_iterate_phdr']);
const loaderFile = /^ld-(linux|musl)|^ld\.so|^ld64\.so|^ld-\d/;

/** The innermost frame that works under such a lock. Frames found by scanning the stack do not count. */
export function lockedFrame(frames: readonly CFrame[]): CFrame | undefined {
  return frames.find((frame) => {
    if (!frame.certain) return false;
    const name = frame.symbol?.replace(/@.*$/, '');
    if (name !== undefined && (allocators.has(name) || loaderFunctions.has(name))) return true;
    return frame.module !== undefined && loaderFile.test(frame.module);
  });
}

/** What to choose where locks may be held, and why; undefined where the backtrace gives no reason. */
export function lockAdvice(frames: readonly CFrame[], choices: readonly FaultChoice[]): FaultAdvice | undefined {
  const frame = lockedFrame(frames);
  if (frame === undefined) return undefined;
  const choice = choices.includes('rollback') ? 'rollback' : 'restart';
  const where = frame.symbol ?? frame.module;
  const module = frame.symbol === undefined || frame.module === undefined ? '' : ` (${frame.module})`;
  return { choice, reason: `C stopped within ${where}${module}, whose locks may be held` };
}
