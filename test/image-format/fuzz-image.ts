/**
 * `npm run fuzz:image -- 100000 [--seed N] [--format NAME]`: damaged image files of each format, from fresh seeds (damage.ts). Case i of a run
 * has seed N + i; `-- 1 --seed N --format NAME` runs one again. The files are looked at in a thread: one that takes longer than half a minute counts
 * as a hang. The first complaint is printed with its seed, and the command ends with status 1.
 */
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { complaintAbout, damaged, numbersFrom, subjectNames, subjects } from './damage.ts';

const HANG_MS = 30_000;
const SEED_LIMIT = 2 ** 31;

interface Wanted {
  readonly count: number;
  readonly seed: number;
  readonly formats: readonly string[];
}

/** What the command line asks for, or a sentence that says what is wrong with it. */
function wantedOf(args: readonly string[]): Wanted | string {
  let parsed: { values: { seed?: string; format?: string }; positionals: string[] };
  try {
    const options = { seed: { type: 'string' }, format: { type: 'string' } } as const;
    parsed = parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const [countText = '2000', ...rest] = parsed.positionals;
  if (rest.length > 0) return `${rest[0]} is one argument too many: expected how many files to damage`;
  const count = Number(countText);
  if (!Number.isInteger(count) || count < 1) return `${countText} is no count of files: expected 1 or more`;
  const { seed: seedText, format } = parsed.values;
  const seed = seedText === undefined ? Math.floor(Math.random() * SEED_LIMIT) : Number(seedText);
  if (!Number.isInteger(seed) || seed < 0 || seed >= SEED_LIMIT)
    return `${seedText} is no seed: expected an integer from 0 to ${SEED_LIMIT - 1}`;
  if (format !== undefined && !subjectNames.includes(format))
    return `there is no format ${format}: expected one of ${subjectNames.join(', ')}`;
  return { count, seed, formats: format === undefined ? [] : [format] };
}

interface Progress {
  readonly seed: number;
  readonly format: string;
  readonly complaint?: string;
}

/** In the thread. */
function look({ count, seed, formats }: Wanted): void {
  const files = subjects(formats);
  for (let i = 0; i < count; i++) {
    const { name, bytes } = files[i % files.length]!;
    const random = numbersFrom(seed + i);
    parentPort!.postMessage({ seed: seed + i, format: name } satisfies Progress);
    const complaint = complaintAbout(damaged(bytes, random));
    if (complaint === undefined) continue;
    parentPort!.postMessage({ seed: seed + i, format: name, complaint } satisfies Progress);
    return;
  }
}

function watch(wanted: Wanted): void {
  const found = subjects(wanted.formats).map(({ name }) => name);
  const missing = (wanted.formats.length > 0 ? wanted.formats : subjectNames).filter((name) => !found.includes(name));
  if (missing.length > 0)
    process.stderr.write(
      `${missing.join(', ')}: left out, no image of other VMs is there (SAFEFFI_IMAGES names their folder)\n`,
    );
  if (found.length === 0) {
    process.exitCode = 2;
    return;
  }
  process.stderr.write(`${wanted.count} damaged files from seed ${wanted.seed}: ${found.join(', ')}\n`);
  let last: Progress | undefined;
  const worker = new Worker(new URL(import.meta.url), { workerData: wanted });
  const end = (sentence: string) => {
    const again = last === undefined ? '' : `: npm run fuzz:image -- 1 --seed ${last.seed} --format ${last.format}`;
    process.stdout.write(`${sentence}${again}\n`);
    process.exitCode = 1;
    clearTimeout(hang);
    void worker.terminate();
  };
  const hang = setTimeout(() => end('a file hangs its reader'), HANG_MS);
  worker.on('message', (progress: Progress) => {
    last = progress;
    hang.refresh();
    if (progress.complaint !== undefined) end(progress.complaint);
  });
  worker.on('error', (error) => end(String(error.stack ?? error)));
  worker.on('exit', (code) => {
    clearTimeout(hang);
    if (code === 0 && process.exitCode === undefined) process.stdout.write(`${wanted.count} files, no complaint\n`);
    else if (process.exitCode === undefined) end(`the thread ended with ${code}`);
  });
}

if (isMainThread) {
  const wanted = wantedOf(process.argv.slice(2));
  if (typeof wanted === 'string') {
    process.stderr.write(`${wanted}\n`);
    process.exitCode = 2;
  } else watch(wanted);
} else look(workerData as Wanted);
