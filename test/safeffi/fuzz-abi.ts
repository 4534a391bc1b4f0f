/**
 * `npm run fuzz:abi -- 100000 [--seed N] [--executor NAME]`: random functions of fresh seeds on every executor, against what the
 * C compiler does. Batches are compiled in one file each, the next while one runs. A mismatch is made as small as it goes and
 * printed with its seed, and the command ends with status 1; `-- 1 --seed N` runs one again.
 *
 * The direct executor runs C in this process: a fault there ends the command, whose last line names the batch.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CType, declarationText, isRecord, parseType } from '../../safeffi/index.ts';
import { type AbiExecutor, abiExecutors } from './abi-executors.ts';
import { caseText, libraryText, randomSignature, type SignatureCase, withTypes } from './random-signature.ts';
import { type Mismatch, runSignatures } from './run-signatures.ts';

const batchSize = 500;
const mostAttempts = 200;
const seedLimit = 2 ** 31;
const say = (line: string) => process.stderr.write(`${line}\n`);

interface Wanted {
  readonly count: number;
  readonly seed: number;
  readonly executors: readonly AbiExecutor[];
}

/** What the command line asks for, or a sentence that says what is wrong with it. */
export function wantedOf(args: readonly string[]): Wanted | string {
  const names = abiExecutors.map(({ name }) => name);
  let parsed: { values: { seed?: string; executor?: string }; positionals: string[] };
  try {
    const options = { seed: { type: 'string' }, executor: { type: 'string' } } as const;
    parsed = parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  const [countText = '2000', ...rest] = positionals;
  if (rest.length > 0) return `${rest[0]} is one argument too many: expected how many functions to try`;
  const count = Number(countText);
  if (!Number.isInteger(count) || count < 1) return `${countText} is no count of functions: expected 1 or more`;
  const seed = values.seed === undefined ? Math.floor(Math.random() * seedLimit) : Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed >= seedLimit)
    return `${values.seed} is no seed: expected an integer from 0 to ${seedLimit - 1}`;
  const executors = abiExecutors.filter(({ name }) => values.executor === undefined || name === values.executor);
  if (executors.length === 0) return `there is no executor ${values.executor}: expected one of ${names.join(', ')}`;
  return { count, seed, executors };
}

/** Runs the cases on a fresh executor; what is compiled goes into `folder`. */
function tryCases(one: AbiExecutor, cases: readonly SignatureCase[], folder: string): Mismatch[] {
  const executor = one.open();
  try {
    const library = one.compile('fuzz', libraryText(cases), folder);
    executor.loadLibrary(library);
    return runSignatures(executor, library, cases);
  } finally {
    executor.close();
  }
}

/** Functions a step simpler than this one. */
function* simpler(one: SignatureCase): Generator<SignatureCase> {
  const { returns, arguments: types, variadicFrom } = one.signature;
  if (returns.kind !== 'void') yield withTypes(one, parseType('void'), types, variadicFrom);
  for (let position = types.length - 1; position >= 0; position--) {
    const others = types.filter((_, i) => i !== position);
    const before = variadicFrom !== undefined && position < variadicFrom ? variadicFrom - 1 : variadicFrom;
    if (before !== 0) yield withTypes(one, returns, others, before);
  }
  const replaced = (list: readonly CType[], position: number, type: CType) =>
    list.map((old, i) => (i === position ? type : old));
  for (const [position, type] of types.entries()) {
    if (!isRecord(type)) continue;
    for (const name of ['int', 'double'])
      yield withTypes(one, returns, replaced(types, position, parseType(name)), variadicFrom);
  }
  if (variadicFrom !== undefined) yield withTypes(one, returns, types, undefined);
}

/** The simplest function that still goes wrong. */
export function shrink(found: Mismatch, again: (one: SignatureCase) => Mismatch | undefined): Mismatch {
  let best = found;
  let attempts = 0;
  search: for (;;) {
    for (const candidate of simpler(best.case)) {
      if (attempts++ >= mostAttempts) return best;
      const still = again(candidate);
      if (still === undefined) continue;
      best = still;
      continue search;
    }
    return best;
  }
}

function report(found: Mismatch, executor: AbiExecutor, folder: string): void {
  const again = (one: SignatureCase) => tryCases(executor, [one], folder)[0];
  const small = executor.name === 'direct' ? found : shrink(found, again);
  const { seed, name, signature } = small.case;
  process.stdout.write(`mismatch on ${executor.name}, seed ${seed} (again: npm run fuzz:abi -- 1 --seed ${seed})\n`);
  process.stdout.write(`  ${signature.returns.name} ${declarationText(name, signature)}\n  ${small.sentence}\n`);
  process.stdout.write(`${caseText(small.case)}\n`);
}

/** Answers how many functions went wrong. */
export function fuzz({ count, seed, executors }: Wanted): number {
  const start = performance.now();
  let wrong = 0;
  for (let done = 0; done < count; done += batchSize) {
    const size = Math.min(batchSize, count - done);
    const cases = Array.from({ length: size }, (_, i) => randomSignature((seed + done + i) % seedLimit));
    const folder = mkdtempSync(join(tmpdir(), 'safeffi-fuzz-'));
    try {
      for (const executor of executors) {
        if (executor.name === 'direct') say(`direct: seeds ${cases[0]!.seed} to ${cases[size - 1]!.seed}`);
        const mismatches = tryCases(executor, cases, folder);
        for (const mismatch of mismatches.slice(0, 3)) report(mismatch, executor, folder);
        wrong += mismatches.length;
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    const seconds = Math.round((performance.now() - start) / 1000);
    say(
      `${done + size} of ${count} functions on ${executors.map(({ name }) => name).join(', ')}: ${wrong} wrong, ${seconds} s`,
    );
  }
  return wrong;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = wantedOf(process.argv.slice(2));
  if (typeof wanted === 'string') {
    say(`fuzz:abi: ${wanted}`);
    process.exitCode = 2;
  } else {
    say(`fuzz:abi: ${wanted.count} functions, --seed ${wanted.seed}`);
    process.exitCode = fuzz(wanted) === 0 ? 0 : 1;
  }
}
