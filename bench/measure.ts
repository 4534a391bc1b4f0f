/**
 * How a short operation is measured: the median of batch means, so that the clock's own cost does not count, and the
 * 99th percentile of operations timed one by one, less the median cost of reading the clock twice. `least` is the tenth
 * percentile of the batch means: on a busy machine what the operation costs while it has its cores to itself.
 */

export interface Measurement {
  readonly median: number;
  readonly p99: number;
  readonly least?: number;
  readonly runs: number;
}

export interface MeasureOptions {
  readonly batches: number;
  readonly batch: number;
  readonly singles: number;
}

const leastShare = 0.1;

const nanoseconds = () => performance.now() * 1e6;

function percentile(values: Float64Array, share: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * share))]!;
}

/**
 * The same for an operation that can only be had many at a time: `run(count)` does it `count` times. The 99th percentile is
 * that of the means of short batches.
 */
export function measureMany(
  run: (count: number) => void,
  batches: number,
  batch: number,
  shortBatch: number,
): Measurement {
  run(2 * batch);
  const means = (size: number): Float64Array =>
    Float64Array.from({ length: batches }, () => {
      const start = nanoseconds();
      run(size);
      return (nanoseconds() - start) / size;
    }).sort();
  const round = (value: number) => Math.round(10 * value) / 10;
  const long = means(batch);
  return {
    median: round(percentile(long, 0.5)),
    p99: round(percentile(means(shortBatch), 0.99)),
    least: round(percentile(long, leastShare)),
    runs: batches * (batch + shortBatch),
  };
}

/** From the means of batches and the times of single operations, in nanoseconds. */
export function summary(means: readonly number[], times: readonly number[], runs: number): Measurement {
  const round = (value: number) => Math.round(10 * value) / 10;
  const sorted = (values: readonly number[]) => Float64Array.from(values).sort();
  const batches = sorted(means);
  return {
    median: round(percentile(batches, 0.5)),
    p99: round(percentile(sorted(times), 0.99)),
    least: round(percentile(batches, leastShare)),
    runs,
  };
}

/** Runs `operation` with a counter; answers nanoseconds. */
export function measure(operation: (count: number) => unknown, options: MeasureOptions): Measurement {
  const { batches, batch, singles } = options;
  for (let i = 0; i < 2 * batch; i++) operation(i);
  const means = new Float64Array(batches);
  for (let b = 0; b < batches; b++) {
    const start = nanoseconds();
    for (let i = 0; i < batch; i++) operation(i);
    means[b] = (nanoseconds() - start) / batch;
  }
  const times = new Float64Array(singles);
  const clocks = new Float64Array(singles);
  for (let i = 0; i < singles; i++) {
    const before = nanoseconds();
    clocks[i] = nanoseconds() - before;
    const start = nanoseconds();
    operation(i);
    times[i] = nanoseconds() - start;
  }
  const clock = percentile(clocks.sort(), 0.5);
  const round = (value: number) => Math.round(10 * value) / 10;
  return {
    median: round(percentile(means.sort(), 0.5)),
    least: round(percentile(means, leastShare)),
    p99: round(Math.max(0, percentile(times.sort(), 0.99) - clock)),
    runs: batches * batch + singles,
  };
}
