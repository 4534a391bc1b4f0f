/**
 * What it costs to reach another process without us: a message and its answer through Node's IPC, and a byte there and back
 * through two named pipes to `cat`.
 */
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Measurement, type MeasureOptions, measure, summary } from './measure.ts';

const self = fileURLToPath(import.meta.url);

/** A number sent to a forked Node and sent back. */
export async function measureIpc({ batches, batch, singles }: MeasureOptions): Promise<Measurement> {
  const child = fork(self, ['echo'], { execArgv: [] });
  const trip = async (value: number) => {
    const answer = once(child, 'message');
    child.send(value);
    await answer;
  };
  try {
    const means: number[] = [];
    const times: number[] = [];
    for (let i = 0; i < batch; i++) await trip(i);
    for (let b = 0; b < batches; b++) {
      const start = performance.now();
      for (let i = 0; i < batch; i++) await trip(i);
      means.push(((performance.now() - start) * 1e6) / batch);
    }
    for (let i = 0; i < singles; i++) {
      const start = performance.now();
      await trip(i);
      times.push((performance.now() - start) * 1e6);
    }
    return summary(means, times, batches * batch + singles);
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}

/** One byte written and read back. */
export function measurePipe(options: MeasureOptions): Measurement {
  const folder = mkdtempSync(join(tmpdir(), 'safeffi-bench-'));
  const [there, back] = [join(folder, 'there'), join(folder, 'back')];
  execFileSync('mkfifo', [there, back]);
  // Opened for both directions: that does not wait for the other side.
  const [out, input] = [openSync(there, 'r+'), openSync(back, 'r+')];
  const cat = spawn('cat', [], { stdio: [openSync(there, 'r'), openSync(back, 'w'), 'ignore'] });
  const byte = Buffer.of(1);
  try {
    return measure(() => {
      writeSync(out, byte);
      readSync(input, byte);
    }, options);
  } finally {
    cat.kill();
    closeSync(out);
    closeSync(input);
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === self && process.argv[2] === 'echo') {
  process.on('message', (value) => process.send!(value));
}
