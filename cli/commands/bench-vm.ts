/** `safeffi bench vm`: the interpreter, the collector and the classic kernels, beside plain JavaScript in the same run. */
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { measureVm, type VmReport, type VmSubject } from '../../bench/vm.ts';
import { readSourceTree } from '../../image/builder/source-tree.ts';
import { VMBug } from '../../vm/vm-bug.ts';
import { CheckoutPath } from '../checkout.ts';
import { ExitCode } from '../exit-code.ts';
import type { ImageSession } from '../image-session.ts';
import { loadSources } from '../load-sources.ts';
import { printJson, printTalk } from '../output.ts';
import { openImageSession } from '../vm-options.ts';
import { printMedians } from './bench-report.ts';

/** Room for the 100 MB that are collected, and no reason to collect before. */
const HEAP_BYTES = 512 << 20;

export async function benchVm(options: { json?: true }): Promise<number> {
  const session = openImageSession({ heap: HEAP_BYTES });
  try {
    const failure = loadSources(session, readSourceTree([CheckoutPath.benchmarks]), () => undefined);
    if (failure !== undefined) throw new VMBug('bench-load', 'the benchmarks do not load into the image');
    const report = measureVm(subjectOf(session), conditions(), (what) => printTalk(`measuring ${what}`));
    if (options.json) printJson(report);
    else printMedians(report);
    return ExitCode.DONE;
  } finally {
    session.close();
  }
}

function subjectOf(session: ImageSession): VmSubject {
  return {
    evaluate: (source) => {
      const outcome = session.evaluate(source);
      const value = outcome.kind === 'value' ? session.memory.integerValueOf(outcome.oop) : undefined;
      if (value === undefined) throw new VMBug('bench-failed', `${source} ended with ${outcome.kind}`);
      return Number(value);
    },
    collections: () => {
      const { scavenges, scavengeMs, longestScavengeMs, fullMs, fullCollections } =
        session.vm.interpreter.gc.statistics;
      return { scavenges, scavengeMs, longestScavengeMs, fullMs, fulls: fullCollections };
    },
    command: [fileURLToPath(new URL('../start.js', import.meta.url))],
  };
}

const conditions = (): VmReport['conditions'] => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.version,
  load: Math.round(10 * loadavg()[0]!) / 10,
  mode: 'interpreter',
  clock: 'processor time',
});
