/**
 * Image files on disk. A file is written beside the one it replaces, brought to the disk, then renamed over it: whatever
 * happens on the way, a full disk or the end of the process, the old file is whole.
 */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ImageFileError, ImageFormatError } from './errors.ts';

/** @throws ImageFileError `no-such-file`, `is-directory`, `unreadable` */
export function readImageFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new ImageFileError('no-such-file', path, `there is no image file ${path}`, error);
    if (code === 'EISDIR')
      throw new ImageFileError('is-directory', path, `${path} is a directory, expected an image file`, error);
    throw new ImageFileError('unreadable', path, `the image file ${path} cannot be read (${code})`, error);
  }
}

/** What `read` makes of the image file at `path`. @throws ImageFileError as above, and ImageFormatError that names the file */
export function inImageFile<T>(path: string, read: (bytes: Uint8Array) => T): T {
  const bytes = readImageFile(path);
  try {
    return read(bytes);
  } catch (error) {
    if (!(error instanceof ImageFormatError)) throw error;
    throw new ImageFormatError(error.code, `${path}: ${error.message}`, error.details);
  }
}

/** @throws ImageFileError `is-directory`, `disk-full`, `unwritable`; the file at `path` is then as it was */
export function writeImageFile(path: string, bytes: Uint8Array): void {
  const old = existingFile(path, bytes.length);
  const target = old?.path ?? path;
  const beside = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  const failed = (error: unknown) => writeError(path, bytes.length, error);
  const descriptor = attempt(() => openSync(beside, 'w'), failed);
  try {
    try {
      writeAll(descriptor, bytes);
      if (old !== undefined) fchmodSync(descriptor, old.mode);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw failed(error);
  }
  syncDirectory(dirname(target));
}

/** The file that a link at `path` leads to, so that the rename replaces the file and not the link. */
function existingFile(path: string, byteCount: number): { path: string; mode: number } | undefined {
  const status = attempt(
    () => statSync(path, { throwIfNoEntry: false }),
    (error) => writeError(path, byteCount, error),
  );
  if (status === undefined) return undefined;
  if (status.isDirectory())
    throw new ImageFileError('is-directory', path, `${path} is a directory, an image file cannot be written there`);
  if (!status.isFile())
    throw new ImageFileError('unwritable', path, `${path} is no regular file, an image file cannot replace it`);
  return { path: realpathSync(path), mode: status.mode & 0o7777 };
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset);
}

/** The rename lasts once its directory is on the disk. Where a directory cannot be opened, as on Windows, it is done. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeError(path: string, byteCount: number, error: unknown): ImageFileError {
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new ImageFileError(
      'disk-full',
      path,
      `no room to write the ${byteCount} bytes of the image file ${path} (${code}); what was there is unchanged`,
      error,
    );
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ImageFileError('unwritable', path, `the folder of the image file ${path} does not exist`, error);
  return new ImageFileError('unwritable', path, `the image file ${path} cannot be written (${code})`, error);
}

function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return String(error);
}

function attempt<T>(action: () => T, failed: (error: unknown) => Error): T {
  try {
    return action();
  } catch (error) {
    throw failed(error);
  }
}
