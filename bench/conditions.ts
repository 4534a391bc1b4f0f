/** The conditions under which a benchmark ran, as its report tells them. */
import { availableParallelism, cpus, loadavg, release } from 'node:os';

export function benchConditions(): Readonly<Record<string, string | number | boolean>> {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.version,
    kernel: release(),
    spin: availableParallelism() > 1,
    pinned: false,
    load: Math.round(100 * loadavg()[0]!) / 100,
  };
}
