/**
 * What is mapped where in an executor, from /proc/PID/maps: to name the module of an instruction and the mapping that a
 * bad address hit. Read when an address is not covered by what was read before.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type CodeSymbol, fileStamp, symbolAt } from './elf-symbols.ts';

export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** `r-xp`. */
  readonly access: string;
  readonly fileOffset: number;
  /** A path, `[heap]`, `[stack]`, or empty. */
  readonly path: string;
}

export function parseMaps(text: string): Mapping[] {
  const mappings: Mapping[] = [];
  for (const row of text.split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ \d+\s*(.*)$/.exec(row);
    if (match === null) continue;
    mappings.push({
      start: Number.parseInt(match[1]!, 16),
      end: Number.parseInt(match[2]!, 16),
      access: match[3]!,
      fileOffset: Number.parseInt(match[4]!, 16),
      path: match[5]!,
    });
  }
  return mappings;
}

const deleted = ' (deleted)';

export interface CodePlace {
  readonly module: string;
  readonly moduleOffset: number;
  /** The file; undefined where it was removed or replaced since it was loaded, so that it tells nothing. */
  readonly path: string | undefined;
  /** The state of the file when the process was first looked at. */
  readonly stamp: string;
  readonly symbol?: CodeSymbol;
}

export class ProcessMap {
  readonly #pid: number;
  #mappings: readonly Mapping[] = [];
  readonly #stamps = new Map<string, string>();

  /** `like` is the map of a process that this one was copied from. */
  constructor(pid: number, like?: ProcessMap) {
    this.#pid = pid;
    this.#mappings = like === undefined ? [] : like.#mappings;
  }

  /** Reads the mappings anew; those known before stay when the process has ended. */
  refresh(): void {
    try {
      const fresh = parseMaps(readFileSync(`/proc/${this.#pid}/maps`, 'latin1'));
      if (fresh.length > 0) this.#mappings = fresh;
    } catch (error) {
      // By its code alone: Node's errors are of another realm where a test runner has made its own.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  find(address: number): Mapping | undefined {
    return this.#mappings.find((mapping) => address >= mapping.start && address < mapping.end);
  }

  /** Whether an instruction can lie there. */
  isCode(address: number): boolean {
    return this.find(address)?.access[2] === 'x';
  }

  /** The module of an instruction and the function, where the file tells it. `look` is the address to look up. */
  codeAt(address: number, look = address): CodePlace | undefined {
    const mapping = this.find(look);
    if (mapping === undefined || mapping.access[2] !== 'x' || !mapping.path.startsWith('/')) return undefined;
    const { path } = mapping;
    const isDeleted = path.endsWith(deleted);
    const module = basename(isDeleted ? path.slice(0, -deleted.length) : path);
    const base = this.#mappings.find((other) => other.path === path && other.fileOffset === 0)?.start;
    const moduleOffset = base === undefined ? address - mapping.start + mapping.fileOffset : address - base;
    if (isDeleted) return { module, moduleOffset, path: undefined, stamp: '' };
    const stamp = this.#stampOf(path);
    const symbol = symbolAt(path, moduleOffset - (address - look), stamp);
    const place = { module, moduleOffset, path, stamp };
    return symbol === undefined
      ? place
      : { ...place, symbol: { name: symbol.name, offset: symbol.offset + (address - look) } };
  }

  /** Looked at once for a process: what it loaded does not change, and a replaced file is told as deleted. */
  #stampOf(path: string): string {
    let stamp = this.#stamps.get(path);
    if (stamp === undefined) {
      stamp = fileStamp(path);
      this.#stamps.set(path, stamp);
    }
    return stamp;
  }
}
