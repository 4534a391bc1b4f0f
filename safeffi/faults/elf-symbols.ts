/**
 * Function names of ELF files, from .symtab and .dynsym (ELF-64, little-endian; System V gABI chapter 4). A name is told
 * only for an address inside the symbol's size: the nearest symbol before is not the function. Read once a file.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export interface CodeSymbol {
  readonly name: string;
  readonly offset: number;
}

interface Row {
  readonly value: number;
  readonly size: number;
  readonly name: string;
}

const cache = new Map<string, readonly Row[]>();
const sectionSymtab = 2;
const sectionDynsym = 11;
const typeFunction = 2;
const typeIndirectFunction = 10;
const entryBytes = 24;
const largestTableBytes = 256 * 1024 * 1024;

/** The function at a file's virtual address, or undefined. */
export function symbolAt(path: string, address: number): CodeSymbol | undefined {
  let rows = cache.get(path);
  if (rows === undefined) {
    rows = readSymbols(path);
    cache.set(path, rows);
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
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return []; // removed since it was loaded, or not readable for us: the frame is printed without a name
  }
  try {
    return tables(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

function tables(fd: number, fileBytes: number): Row[] {
  const read = (offset: number, size: number): Buffer | undefined => {
    if (offset < 0 || size < 0 || size > largestTableBytes || offset + size > fileBytes) return undefined;
    const buffer = Buffer.alloc(size);
    return readSync(fd, buffer, 0, size, offset) === size ? buffer : undefined;
  };
  const head = read(0, 64);
  if (head === undefined || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return [];
  const count = head.readUInt16LE(60);
  const size = head.readUInt16LE(58);
  const sections = size === 64 ? read(Number(head.readBigUInt64LE(40)), count * size) : undefined;
  if (sections === undefined) return [];
  const rows: Row[] = [];
  for (let i = 0; i < count; i++) {
    const at = i * 64;
    const type = sections.readUInt32LE(at + 4);
    if (type !== sectionSymtab && type !== sectionDynsym) continue;
    const link = sections.readUInt32LE(at + 40);
    if (link >= count) continue;
    const symbols = read(Number(sections.readBigUInt64LE(at + 24)), Number(sections.readBigUInt64LE(at + 32)));
    const names = read(
      Number(sections.readBigUInt64LE(link * 64 + 24)),
      Number(sections.readBigUInt64LE(link * 64 + 32)),
    );
    if (symbols !== undefined && names !== undefined) collect(symbols, names, rows);
  }
  return rows.sort((a, b) => a.value - b.value);
}

function collect(symbols: Buffer, names: Buffer, rows: Row[]): void {
  for (let at = 0; at + entryBytes <= symbols.length; at += entryBytes) {
    const type = symbols[at + 4]! & 15;
    const value = Number(symbols.readBigUInt64LE(at + 8));
    if ((type !== typeFunction && type !== typeIndirectFunction) || value === 0) continue;
    const start = symbols.readUInt32LE(at);
    const end = names.indexOf(0, start);
    if (start >= names.length || end < 0) continue;
    rows.push({ value, size: Number(symbols.readBigUInt64LE(at + 16)), name: names.toString('latin1', start, end) });
  }
}
