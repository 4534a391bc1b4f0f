/**
 * The heap of a test's VM. Small, because a test process holds many at once: address space that lies together counts as one
 * piece when the process is forked, and a piece larger than the machine's memory cannot be.
 */
export const TEST_HEAP_BYTES = 128 << 20;
