/** Files as Node offers them, synchronously: `HostFiles` of `vm/host.ts` on `node:fs`. */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { isatty } from 'node:tty';
import { type FileAttributes, type FileStatus, HostFileError, type HostFiles } from '../vm/host.ts';

const PERMISSION_BITS = 0o777;

/** What `operation` answers, or what the system has against it. Errors that are not the system's are thrown on. */
function attempt<T>(operation: () => T): T | HostFileError {
  try {
    return operation();
  } catch (error) {
    // Not `instanceof Error`: a program may run in a context whose Error is another one than Node's.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (typeof code !== 'string') throw error;
    return new HostFileError(code);
  }
}

/** As `attempt`, where success has nothing to tell. */
function attemptOnly(operation: () => void): HostFileError | undefined {
  const outcome = attempt(() => {
    operation();
    return undefined;
  });
  return outcome;
}

export const nodeFiles: HostFiles = {
  open: (path, isWritable) =>
    attempt(() => {
      const descriptor = openSync(path, isWritable ? constants.O_RDWR | constants.O_CREAT : constants.O_RDONLY);
      if (!fstatSync(descriptor).isDirectory()) return descriptor;
      closeSync(descriptor);
      return new HostFileError('EISDIR');
    }),
  close: (descriptor) => attemptOnly(() => closeSync(descriptor)),
  read: (descriptor, bytes, position) =>
    attempt(() => {
      let count = 0;
      while (count < bytes.length) {
        const at = position === undefined ? null : position + count;
        const moved = readSync(descriptor, bytes, count, bytes.length - count, at);
        count += moved;
        // A terminal or pipe gives a line, or what is there; waiting for more would hold up who reads it.
        if (moved === 0 || position === undefined) break;
      }
      return count;
    }),
  write: (descriptor, bytes, position) =>
    attempt(() => {
      let count = 0;
      while (count < bytes.length) {
        const at = position === undefined ? null : position + count;
        count += writeSync(descriptor, bytes, count, bytes.length - count, at);
      }
      return count;
    }),
  size: (descriptor) => attempt(() => fstatSync(descriptor).size),
  truncate: (descriptor, sizeBytes) => attemptOnly(() => ftruncateSync(descriptor, sizeBytes)),
  flush: (descriptor) => attemptOnly(() => fsyncSync(descriptor)),
  deleteFile: (path) => attemptOnly(() => unlinkSync(path)),
  rename: (from, to) => attemptOnly(() => renameSync(from, to)),
  createDirectory: (path) => attemptOnly(() => mkdirSync(path)),
  deleteDirectory: (path) => attemptOnly(() => rmdirSync(path)),
  list: (path) => attempt(() => readdirSync(path).sort()),
  status: (path) => attempt(() => statusOf(path)),
  workingDirectory: () => process.cwd(),
  attributes: (path, followsLinks) => attempt(() => attributesOf(path, followsLinks)),
  isAllowed: (path, access) => attemptOnly(() => accessSync(path, ACCESS_MODES[access])) === undefined,
  changeMode: (path, mode) => attemptOnly(() => chmodSync(path, mode)),
  kindOf: (descriptor) =>
    attempt(() => {
      const status = fstatSync(descriptor);
      if (isatty(descriptor)) return 'terminal';
      return status.isFIFO() || status.isSocket() ? 'pipe' : 'file';
    }),
};

const ACCESS_MODES = { read: constants.R_OK, write: constants.W_OK, execute: constants.X_OK } as const;

function attributesOf(path: string, followsLinks: boolean): FileAttributes {
  const status = followsLinks ? statSync(path) : lstatSync(path);
  return {
    mode: status.mode,
    inode: status.ino,
    device: status.dev,
    links: status.nlink,
    owner: status.uid,
    group: status.gid,
    sizeBytes: status.size,
    accessedMs: status.atimeMs,
    modifiedMs: status.mtimeMs,
    changedMs: status.ctimeMs,
    target: status.isSymbolicLink() ? readlinkSync(path) : undefined,
  };
}

function statusOf(path: string): FileStatus {
  const link = lstatSync(path);
  // A link that leads nowhere is told as itself.
  const target = link.isSymbolicLink() ? (statSync(path, { throwIfNoEntry: false }) ?? link) : link;
  return {
    isDirectory: target.isDirectory(),
    isLink: link.isSymbolicLink(),
    sizeBytes: target.size,
    createdMs: target.birthtimeMs,
    modifiedMs: target.mtimeMs,
    permissions: target.mode & PERMISSION_BITS,
  };
}
