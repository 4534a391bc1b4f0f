/**
 * Soaks: what is left behind after very many faults or restarts. A command, for its length:
 * `node dist/bench/soak.js kinds 100000` (every kind of fault in turn; needs a C compiler), `node dist/bench/soak.js faults
 * 100000` and `node dist/bench/soak.js restarts 500`. Prints the footprint of both
 * processes as it goes, and ends with status 1 when anything has grown since the first tenth (at most 1,000).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ArgumentValue, type CFunction, FFIFault, openSession, type Session } from '../safeffi/index.ts';

interface Footprint {
  readonly executorKiB: number;
  readonly executorDescriptors: number;
  readonly executorThreads: number;
  readonly executorMappings: number;
  readonly vmKiB: number;
  readonly vmDescriptors: number;
  readonly children: number;
}

export interface SoakReport {
  readonly what: string;
  readonly count: number;
  readonly first: Footprint;
  readonly last: Footprint;
  /** What has grown beyond its allowance. */
  readonly grown: readonly (keyof Footprint)[];
}

/** Growth that is noise: page tables, allocator caches, the JavaScript heap between collections. */
const allowance: Footprint = {
  executorKiB: 512,
  executorDescriptors: 0,
  executorThreads: 0,
  executorMappings: 2,
  vmKiB: 64 * 1024,
  vmDescriptors: 0,
  children: 0,
};

const residentKiB = (pid: number) => 4 * Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
const entries = (path: string) => readdirSync(path).length;

function footprint(session: Session): Footprint {
  const pid = session.executor.pid!;
  const children = readdirSync(`/proc/${process.pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${process.pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean),
  );
  return {
    executorKiB: residentKiB(pid),
    executorDescriptors: entries(`/proc/${pid}/fd`),
    executorThreads: entries(`/proc/${pid}/task`),
    executorMappings: readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n').length,
    vmKiB: residentKiB(process.pid),
    vmDescriptors: entries(`/proc/${process.pid}/fd`),
    children: children.length,
  };
}

function soak(
  what: string,
  count: number,
  session: Session,
  step: (i: number) => void,
  say: (line: string) => void,
): SoakReport {
  const warmUp = Math.min(1000, Math.max(1, Math.floor(count / 10)));
  let first: Footprint | undefined;
  for (let i = 0; i < count; i++) {
    step(i);
    if (i + 1 === warmUp) first = footprint(session);
    if ((i + 1) % Math.max(1, Math.floor(count / 10)) === 0)
      say(`${what} ${i + 1}: ${JSON.stringify(footprint(session))}`);
  }
  const last = footprint(session);
  const start = first ?? last;
  const names = Object.keys(allowance) as (keyof Footprint)[];
  return { what, count, first: start, last, grown: names.filter((name) => last[name] - start[name] > allowance[name]) };
}

function expectFault(call: CFunction): FFIFault {
  try {
    call(null);
  } catch (error) {
    if (error instanceof FFIFault) return error;
    throw error;
  }
  throw new Error('strlen of a null pointer did not fault');
}

const strlenOf = (session: Session) =>
  session.library('libc.so.6').function('strlen', { returns: 'size_t', arguments: ['const char *'] });

/** `count` faults, each answered in place by the same executor. */
export function soakFaults(count: number, say: (line: string) => void): SoakReport {
  const session = openSession({ ffi: 'native' });
  const strlen = strlenOf(session);
  const { pid } = session.executor;
  const report = soak('faults', count, session, (i) => expectFault(strlen).answer(i), say);
  if (session.executor.pid !== pid) throw new Error('the executor was replaced during the soak');
  session.close();
  return report;
}

/** `count` restarts, each after a fault, with a callout that works after it. */
export function soakRestarts(count: number, say: (line: string) => void): SoakReport {
  const session = openSession({ ffi: 'native' });
  const strlen = strlenOf(session);
  const step = () => {
    const caught = expectFault(strlen);
    caught.restart();
    if (caught.retryWith(['alive']) !== 5) throw new Error('strlen was wrong after a restart');
  };
  const report = soak('restarts', count, session, step, say);
  session.close();
  return report;
}

/** How a kind of fault of soak-kinds.c is called. */
interface SoakKind {
  readonly name: string;
  readonly types?: readonly string[];
  readonly args?: readonly ArgumentValue[];
  readonly deadlineMs?: number;
  /** The way on; the rest is answered in place. */
  readonly way?: 'retry';
}

const soakKinds: readonly SoakKind[] = [
  ...'read_null write_wild execute_data jump_to_null illegal breakpoint truncated_mapping'.split(' '),
  ...'give_up free_twice leave leave_now raise_term end_thread stop'.split(' '),
]
  .map((name): SoakKind => ({ name }))
  .concat([
    { name: 'past_end', types: ['char *'], args: [new Uint8Array(64)] },
    { name: 'before_start', types: ['char *'], args: [new Uint8Array(64)] },
    { name: 'recurse', types: ['int'], args: [0] },
    { name: 'divide', types: ['int', 'int'], args: [1, 0] },
    { name: 'forever', deadlineMs: 1 },
    { name: 'in_thread', way: 'retry' },
  ]);

/** Each so many faults the executor is killed by its own code, and a fresh one goes on. */
const deathEvery = 1000;

function compiledKinds(): string {
  const source = fileURLToPath(new URL('../../bench/soak-kinds.c', import.meta.url));
  const output = join(mkdtempSync(join(tmpdir(), 'safeffi-soak-')), 'kinds.so');
  const warnings = ['-Wno-infinite-recursion', '-Wno-use-after-free', '-Wno-array-bounds'];
  execFileSync(process.env.CC ?? 'cc', [
    '-O1',
    '-g',
    '-fPIC',
    '-shared',
    '-pthread',
    ...warnings,
    '-o',
    output,
    source,
  ]);
  return output;
}

/** `count` faults of all kinds in turn; after each a callout that works. */
export function soakKindsInTurn(count: number, say: (line: string) => void): SoakReport {
  const file = compiledKinds();
  const session = openSession({ ffi: 'native' });
  const library = session.library(file);
  const answer = library.function('answer', { returns: 'int', arguments: [] });
  const death = library.function('kill_self', { returns: 'int', arguments: [] });
  const callouts = soakKinds.map(({ name, types }) =>
    library.prepare(name, { returns: 'int', arguments: [...(types ?? [])] }),
  );
  const seen: Record<string, number> = {};
  const step = (i: number) => {
    const { args, deadlineMs, way, name } = soakKinds[i % soakKinds.length]!;
    const isDeath = i % deathEvery === deathEvery - 1;
    const caught = faultOf(isDeath ? 'kill_self' : name, () =>
      isDeath
        ? death()
        : callouts[i % soakKinds.length]!.call(args ?? [], deadlineMs === undefined ? {} : { deadlineMs }),
    );
    seen[caught.fault.kind] = (seen[caught.fault.kind] ?? 0) + 1;
    if (isDeath) caught.answer(0);
    else if (way === 'retry') {
      if (caught.retry() !== 5) throw new Error(`${name} did not go on`);
    } else caught.answer(0);
    if (answer() !== 42) throw new Error(`a callout after ${name} was wrong`);
  };
  const report = soak('kinds', count, session, step, say);
  say(`kinds seen: ${JSON.stringify(seen)}`);
  session.close();
  rmSync(dirname(file), { recursive: true });
  return report;
}

function faultOf(name: string, run: () => unknown): FFIFault {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    if (error instanceof FFIFault) return error;
    throw error;
  }
  throw new Error(`${name} answered ${String(value)} where it should fault`);
}

const soaks: Readonly<Record<string, (count: number, say: (line: string) => void) => SoakReport>> = {
  kinds: soakKindsInTurn,
  faults: soakFaults,
  restarts: soakRestarts,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [what, count] = [process.argv[2], Number(process.argv[3])];
  const run = soaks[what ?? ''];
  if (run === undefined || !Number.isInteger(count) || count < 1) {
    process.stderr.write('soak: expected kinds, faults or restarts, and how many\n');
    process.exitCode = 2;
  } else {
    process.stderr.write(`soak: ${count} ${what}\n`);
    const start = performance.now();
    const report = run(count, (line) => process.stderr.write(`${line}\n`));
    const each = ((performance.now() - start) * 1000) / count;
    process.stdout.write(`${JSON.stringify({ ...report, microsecondsEach: Math.round(each * 10) / 10 })}\n`);
    process.exitCode = report.grown.length === 0 ? 0 : 1;
  }
}
