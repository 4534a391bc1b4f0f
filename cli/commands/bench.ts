/** `safeffi bench callout`: what a callout costs, from JavaScript and from Smalltalk, beside peers, in one run. */
import { type BenchResult, measureCallouts } from '../../bench/callout.ts';
import { measureMany } from '../../bench/measure.ts';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { VMBug } from '../../vm/vm-bug.ts';
import { ExitCode } from '../exit-code.ts';
import type { ImageSession } from '../image-session.ts';
import { printJson, printTalk } from '../output.ts';
import { openImageSession } from '../vm-options.ts';
import { printReport } from './bench-report.ts';

/** Calls in a batch of the image's, whose loop is Smalltalk's own, and in a short one for the percentile. */
const BATCHES = 101;
const BATCH = 2000;
const SHORT_BATCH = 20;

const CALLS: readonly (readonly [name: string, selector: string, source: string])[] = [
  [
    'abs(int)',
    'benchAbs:',
    "benchAbs: count 1 to: count do: [ :i | self ffiCall: #( int abs ( int i ) ) library: 'libc.so.6' ]",
  ],
  [
    'strlen of 40 bytes',
    'benchStrlen:',
    `benchStrlen: count | text | text := String new: 40 withAll: $x.
	1 to: count do: [ :i | self ffiCall: #( size_t strlen ( char *text ) ) library: 'libc.so.6' ]`,
  ],
];

export async function bench(what: string, options: { json?: true; peers?: true; squeakjs?: string }): Promise<number> {
  if (what === 'fault') return (await import('./bench-fault.ts')).benchFault(options);
  if (what === 'image') return (await import('./bench-image.ts')).benchImage(options);
  if (what === 'vm') return (await import('./bench-vm.ts')).benchVm(options);
  if (what === 'napi') return (await import('./bench-napi.ts')).benchNapi(options);
  const session = openImageSession({ ffi: 'native' });
  try {
    const report = await measureCallouts({
      progress: printTalk,
      extra: [['safeffi image', () => measureImage(session)]],
      peers: options.peers === true,
    });
    if (options.json) printJson(report);
    else printReport(report);
    return ExitCode.DONE;
  } finally {
    session.close();
  }
}

function measureImage(session: ImageSession): BenchResult[] {
  const receiver = session.memory.nil;
  return CALLS.map(([name, selector, source]) => {
    expectValue(session.installMethod(source, session.memory.classOf(receiver)).kind);
    const run = (count: number): void =>
      expectValue(session.vm.call(session.memory.nil, selector, [smallIntegerOop(count)] as Oop[]).kind);
    return { name, subject: 'safeffi image', unit: 'ns', ...measureMany(run, BATCHES, BATCH, SHORT_BATCH) };
  });
}

function expectValue(kind: string): void {
  if (kind !== 'value') throw new VMBug('bench-failed', `a callout of the benchmark ended with ${kind}`);
}
