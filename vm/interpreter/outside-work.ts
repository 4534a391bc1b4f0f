/**
 * Work that goes on outside the VM while its processes run: callouts under way, say. Whoever embeds the VM sets it at the
 * safepoint; the VM looks for news between bytecodes and while it idles.
 */
export interface OutsideWork {
  /** Looks for news and signals the semaphores of who waits for it. Called between bytecodes, so it is quick. */
  poll(): void;
  /** True while some process waits for it: then a VM in which nothing can run is idle, not stuck. */
  readonly isAwaited: boolean;
  /** Blocks the caller until there may be news, at most `milliseconds`, or less. */
  wait(milliseconds: number): void;
}
