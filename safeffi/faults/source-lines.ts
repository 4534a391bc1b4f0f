/**
 * Source lines of code addresses, by `addr2line` of binutils or LLVM where the machine has one: DWARF is a large format, and
 * those tools read it well. Asked for all addresses of a file at once, when somebody first looks at one; limited in time;
 * answers are kept, those that found nothing too. A file without line numbers is never asked about.
 */
import { spawnSync } from 'node:child_process';
import { debugFileOf } from './elf-file.ts';
import { fileStamp } from './elf-symbols.ts';

export interface SourceLine {
  readonly file: string;
  readonly line: number;
  /** Functions that the compiler put in line at this instruction, innermost first, without the one that holds it. */
  readonly inlined: readonly string[];
}

const tools = ['addr2line', 'llvm-addr2line', 'llvm-symbolizer'];
const limitMs = 3000;

interface KnownFile {
  readonly debugFile: string | undefined;
  readonly lines: Map<number, SourceLine | undefined>;
}

/** By path and stamp. */
const known = new Map<string, KnownFile>();
/** The tool that answered; undefined where none does. */
let working: string | undefined | 'untried' = 'untried';

/**
 * The line of the instruction at each virtual address of the file in the state of `stamp` (elf-symbols.ts), where that is
 * known: a file that was replaced since tells nothing new.
 */
export function sourceLines(
  path: string,
  stamp: string,
  addresses: readonly number[],
): ReadonlyMap<number, SourceLine | undefined> {
  const key = `${path} ${stamp}`;
  let file = known.get(key);
  if (file === undefined) {
    file = { debugFile: debugFileOf(path), lines: new Map() };
    known.set(key, file);
  }
  const { debugFile, lines } = file;
  const unknown = [...new Set(addresses)].filter((address) => !lines.has(address));
  if (debugFile === undefined || unknown.length === 0 || fileStamp(path) !== stamp) return lines;
  const text = ask(debugFile, unknown);
  for (const address of unknown) lines.set(address, undefined);
  for (const [address, line] of parseAnswer(text)) lines.set(address, line);
  return lines;
}

function ask(debugFile: string, addresses: readonly number[]): string {
  const style = ['-a', '-f', '-i', '-C', '-e', debugFile];
  const hex = addresses.map((address) => `0x${address.toString(16)}`);
  for (const tool of working === 'untried' ? tools : working === undefined ? [] : [working]) {
    const gnu = tool === 'llvm-symbolizer' ? ['--output-style=GNU'] : [];
    const { status, stdout } = spawnSync(tool, [...gnu, ...style, ...hex], {
      encoding: 'utf8',
      timeout: limitMs,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (status === 0) {
      working = tool;
      return stdout;
    }
  }
  if (working === 'untried') working = undefined;
  return '';
}

/** Rows of `0xADDRESS`, then pairs of a function and `FILE:LINE`, the innermost first. */
export function parseAnswer(text: string): Map<number, SourceLine> {
  const found = new Map<number, SourceLine>();
  const rows = text.split('\n');
  let at = 0;
  while (at < rows.length) {
    const address = /^0x([0-9a-f]+)$/.exec(rows[at++]!)?.[1];
    if (address === undefined) continue;
    const places: { name: string; place: RegExpExecArray | null }[] = [];
    while (at + 1 < rows.length && !/^0x[0-9a-f]+$/.test(rows[at]!)) {
      places.push({ name: rows[at]!, place: /^(.*):(\d+)(?: \(.*\))?$/.exec(rows[at + 1]!) });
      at += 2;
    }
    const innermost = places[0]?.place;
    if (innermost === null || innermost === undefined || innermost[1]!.startsWith('??')) continue;
    const line = Number(innermost[2]);
    if (line === 0) continue;
    const inlined = places.slice(0, -1).map(({ name }) => name);
    found.set(Number.parseInt(address, 16), { file: innermost[1]!, line, inlined });
  }
  return found;
}
