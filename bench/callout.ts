/**
 * What a callout costs, side by side in one run: our executors, koffi in this process, and the floor (two cores passing
 * one cache line in C). `measureCallouts` answers the object that `safeffi bench callout --json` prints; its form is
 * docs' CLI contract. The machine's other load shows in the result: ratios to the floor of the same run say more than
 * the figures.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { CalloutError, type ExecutorKind, openSession } from '../safeffi/index.ts';
import { measureCallbacks, measureKoffiCallbacks } from './callbacks.ts';
import { benchConditions } from './conditions.ts';
import { type Measurement, type MeasureOptions, measure } from './measure.ts';

export interface BenchResult extends Measurement {
  readonly name: string;
  readonly subject: string;
  readonly unit: 'ns';
}

export interface BenchReport {
  readonly schema: 1;
  readonly bench: 'callout';
  readonly conditions: Readonly<Record<string, string | number | boolean>>;
  readonly results: readonly BenchResult[];
}

const text = 'x'.repeat(40);
const fast: MeasureOptions = { batches: 101, batch: 2000, singles: 20_000 };
const slow: MeasureOptions = { batches: 21, batch: 50, singles: 1000 };

/** The three functions measured, called through whatever `bind` makes of a name and types. */
type Bind = (library: string, name: string, returns: string, args: string[]) => (...args: never[]) => unknown;

function subjects(bind: Bind): [string, (count: number) => unknown][] {
  const abs = bind('libc.so.6', 'abs', 'int', ['int']) as (value: number) => unknown;
  const fmax = bind('libm.so.6', 'fmax', 'double', ['double', 'double']) as (a: number, b: number) => unknown;
  const strlen = bind('libc.so.6', 'strlen', 'size_t', ['const char *']) as (value: string) => unknown;
  return [
    ['abs(int)', (count) => abs(-count)],
    ['double f(double, double)', (count) => fmax(count, 1.5)],
    ['strlen of 40 bytes', () => strlen(text)],
  ];
}

function measureExecutor(kind: ExecutorKind, options: MeasureOptions): BenchResult[] {
  const session = openSession({ ffi: kind });
  try {
    const bind: Bind = (library, name, returns, args) =>
      session.library(library).prepare(name, { returns, arguments: args }).invoke;
    return subjects(bind).map(([name, operation]) => ({
      name,
      subject: `safeffi ${kind}`,
      unit: 'ns',
      ...measure(operation, options),
    }));
  } finally {
    session.close();
  }
}

function measureKoffi(): BenchResult[] {
  const bind: Bind = (library, name, returns, args) =>
    koffi.load(library).func(
      name,
      returns,
      args.map((type) => (type === 'const char *' ? 'str' : type)),
    );
  return subjects(bind).map(([name, operation]) => ({
    name,
    subject: 'koffi',
    unit: 'ns',
    ...measure(operation, fast),
  }));
}

/** The floor, from the program that `make -C native` builds; none where it was not built. */
function measureFloor(): BenchResult[] {
  const program = fileURLToPath(new URL('../native/floor', import.meta.url));
  if (!existsSync(program) || availableParallelism() < 2) return [];
  const measured = JSON.parse(execFileSync(program, { encoding: 'utf8' })) as Measurement;
  return [{ name: 'one cache line, there and back', subject: 'C to C', unit: 'ns', ...measured }];
}

/** A further subject, measured in the same run: its name, and what it comes to. */
export type ExtraSubject = readonly [subject: string, run: () => BenchResult[]];

/** Runs all of it; about ten seconds. `progress` is told what is measured next. */
export function measureCallouts(
  progress: (subject: string) => void = () => undefined,
  extra: readonly ExtraSubject[] = [],
): BenchReport {
  const results: BenchResult[] = [];
  const add = (subject: string, run: () => BenchResult[]) => {
    progress(subject);
    try {
      results.push(...run());
    } catch (error) {
      if (!(error instanceof CalloutError && error.code === 'not-available')) throw error;
    }
  };
  add('the floor', measureFloor);
  add('safeffi native', () => measureExecutor('native', fast));
  add('callbacks', () => [
    ...measureCallbacks('native'),
    ...measureKoffiCallbacks(),
    ...measureCallbacks('direct'),
    ...measureCallbacks('portable'),
  ]);
  for (const [subject, run] of extra) add(subject, run);
  add('koffi', measureKoffi);
  add('safeffi direct', () => measureExecutor('direct', fast));
  add('safeffi portable', () => measureExecutor('portable', slow));
  return {
    schema: 1,
    bench: 'callout',
    conditions: benchConditions(),
    results,
  };
}
