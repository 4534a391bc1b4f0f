/**
 * The sections of an ELF-64 file, little-endian (System V gABI chapter 4), and where its debug information lies: in the file
 * itself, or in one of its own that a distribution installs beside (by build id, or by the name in .gnu_debuglink). Every
 * offset is checked against the file's size: the file is as foreign as the process that loaded it.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly link: number;
  readonly offset: number;
  readonly size: number;
}

const largestSectionBytes = 256 * 1024 * 1024;
const sectionRowBytes = 64;
const noteBuildId = 3;
const debugRoot = '/usr/lib/debug';

export class ElfFile {
  readonly sections: readonly ElfSection[];
  readonly #fd: number;
  readonly #fileBytes: number;

  private constructor(fd: number) {
    this.#fd = fd;
    this.#fileBytes = fstatSync(fd).size;
    this.sections = this.#readSections();
  }

  /** Runs `use` on the file; undefined where it cannot be opened: removed since it was loaded, or not readable for us. */
  static with<T>(path: string, use: (file: ElfFile) => T): T | undefined {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch {
      return undefined;
    }
    try {
      return use(new ElfFile(fd));
    } finally {
      closeSync(fd);
    }
  }

  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** The bytes of a section; undefined where they are not all in the file. */
  bytes({ offset, size }: Pick<ElfSection, 'offset' | 'size'>): Buffer | undefined {
    if (offset < 0 || size < 0 || size > largestSectionBytes || offset + size > this.#fileBytes) return undefined;
    const buffer = Buffer.alloc(size);
    return readSync(this.#fd, buffer, 0, size, offset) === size ? buffer : undefined;
  }

  /** The build id in hexadecimal. */
  get buildId(): string | undefined {
    const section = this.section('.note.gnu.build-id');
    const note = section && this.bytes(section);
    if (note === undefined || note.length < 16 || note.readUInt32LE(8) !== noteBuildId) return undefined;
    const start = 12 + note.readUInt32LE(0);
    return note.toString('hex', start, start + note.readUInt32LE(4));
  }

  #readSections(): ElfSection[] {
    const head = this.bytes({ offset: 0, size: sectionRowBytes });
    if (head === undefined || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return [];
    const count = head.readUInt16LE(60);
    if (head.readUInt16LE(58) !== sectionRowBytes) return [];
    const table = this.bytes({ offset: Number(head.readBigUInt64LE(40)), size: count * sectionRowBytes });
    if (table === undefined) return [];
    const rows = Array.from({ length: count }, (_, i) => {
      const at = i * sectionRowBytes;
      return {
        nameAt: table.readUInt32LE(at),
        type: table.readUInt32LE(at + 4),
        link: table.readUInt32LE(at + 40),
        offset: Number(table.readBigUInt64LE(at + 24)),
        size: Number(table.readBigUInt64LE(at + 32)),
      };
    });
    const nameTable = rows[head.readUInt16LE(62)];
    const names = nameTable && this.bytes(nameTable);
    return rows.map(({ nameAt, ...row }) => ({ ...row, name: names === undefined ? '' : textAt(names, nameAt) }));
  }
}

/** The NUL-terminated text at an offset of a string table; empty where there is none. */
export function textAt(table: Buffer, offset: number): string {
  const end = table.indexOf(0, offset);
  return offset >= table.length || end < 0 ? '' : table.toString('latin1', offset, end);
}

/** The file that has line numbers for the code in `path`: itself, its separate debug file, or undefined. */
export function debugFileOf(path: string): string | undefined {
  return ElfFile.with(path, (file) => {
    if (file.section('.debug_line') !== undefined) return path;
    const id = file.buildId;
    const link = file.section('.gnu_debuglink');
    const linkBytes = link && file.bytes(link);
    const linked = linkBytes === undefined ? '' : textAt(linkBytes, 0);
    const folder = dirname(path);
    const candidates = [
      ...(id === undefined ? [] : [join(debugRoot, '.build-id', id.slice(0, 2), `${id.slice(2)}.debug`)]),
      ...(linked === '' ? [] : [join(folder, linked), join(folder, '.debug', linked), join(debugRoot, folder, linked)]),
    ];
    return candidates.find((candidate) => candidate !== path && existsSync(candidate));
  });
}
