/**
 * Function names of ELF files, from .symtab and .dynsym, of a separate debug file too. A name is told only for an address
 * inside the symbol's size: the nearest symbol before is not the function. Read once for each state of a file.
 */
import { statSync } from 'node:fs';
import { debugFileOf, ElfFile, textAt } from './elf-file.ts';

export interface CodeSymbol {
  readonly name: string;
  readonly offset: number;
}

interface Row {
  readonly value: number;
  readonly size: number;
  readonly name: string;
}

/** By path and stamp. */
const cache = new Map<string, readonly Row[]>();
const sectionSymtab = 2;
const sectionDynsym = 11;
const typeFunction = 2;
const typeIndirectFunction = 10;
const entryBytes = 24;

/** Changes when the file does: a library is compiled again while the session goes on. */
export function fileStamp(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? 'gone' : `${found.ino} ${found.mtimeMs} ${found.size}`;
}

/** The function at a virtual address of the file in the state of `stamp`, or undefined. */
export function symbolAt(path: string, address: number, stamp = fileStamp(path)): CodeSymbol | undefined {
  const key = `${path} ${stamp}`;
  let rows = cache.get(key);
  if (rows === undefined) {
    rows = fileStamp(path) === stamp ? readSymbols(path) : [];
    cache.set(key, rows);
  }
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.value <= address) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0 && i >= low - 8; i--) {
    const row = rows[i]!;
    if (address < row.value + row.size) return { name: row.name, offset: address - row.value };
  }
  return undefined;
}

/** All functions of a file by address; none for a file that cannot be read or is no ELF-64 file. */
export function readSymbols(path: string): readonly Row[] {
  const debugFile = debugFileOf(path);
  const files = debugFile === undefined || debugFile === path ? [path] : [path, debugFile];
  return files.flatMap((file) => ElfFile.with(file, tables) ?? []).sort((a, b) => a.value - b.value);
}

function tables(file: ElfFile): Row[] {
  const rows: Row[] = [];
  for (const section of file.sections) {
    if (section.type !== sectionSymtab && section.type !== sectionDynsym) continue;
    const strings = file.sections[section.link];
    const symbols = file.bytes(section);
    const names = strings && file.bytes(strings);
    if (symbols !== undefined && names !== undefined) collect(symbols, names, rows);
  }
  return rows;
}

function collect(symbols: Buffer, names: Buffer, rows: Row[]): void {
  for (let at = 0; at + entryBytes <= symbols.length; at += entryBytes) {
    const type = symbols[at + 4]! & 15;
    const value = Number(symbols.readBigUInt64LE(at + 8));
    if ((type !== typeFunction && type !== typeIndirectFunction) || value === 0) continue;
    const name = textAt(names, symbols.readUInt32LE(at));
    if (name !== '') rows.push({ value, size: Number(symbols.readBigUInt64LE(at + 16)), name });
  }
}
