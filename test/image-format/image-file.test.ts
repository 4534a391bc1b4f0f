import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ImageFileError } from '../../image/format/errors.ts';
import { readImageFile, writeImageFile } from '../../image/format/image-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'safeffi-image-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ImageFileError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'done';
}

const bytes = new Uint8Array([1, 2, 3]);

describe('image files on disk', () => {
  test('a written file is read back, nothing else is left beside it', () => {
    const path = join(folder, 'a.image');
    writeImageFile(path, bytes);
    writeImageFile(path, new Uint8Array([4, 5]));
    expect([...readImageFile(path)]).toEqual([4, 5]);
    expect(readdirSync(folder)).toEqual(['a.image']);
  });

  test('a missing file and a directory are named', () => {
    const path = join(folder, 'none.image');
    expect(failure(() => readImageFile(path))).toBe(`no-such-file: there is no image file ${path}`);
    expect(failure(() => readImageFile(folder))).toBe(`is-directory: ${folder} is a directory, expected an image file`);
    expect(failure(() => writeImageFile(folder, bytes))).toBe(
      `is-directory: ${folder} is a directory, an image file cannot be written there`,
    );
    const lost = join(folder, 'no', 'where.image');
    expect(failure(() => writeImageFile(lost, bytes))).toBe(
      `unwritable: the folder of the image file ${lost} does not exist`,
    );
  });

  test('what is no regular file is not replaced', () => {
    expect(failure(() => writeImageFile('/dev/null', bytes))).toBe(
      'unwritable: /dev/null is no regular file, an image file cannot replace it',
    );
  });

  test('mode and symbolic link of the file that is replaced stay', () => {
    const [path, link] = [join(folder, 'a.image'), join(folder, 'link.image')];
    writeFileSync(path, 'old');
    chmodSync(path, 0o600);
    symlinkSync(path, link);
    writeImageFile(link, bytes);
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('when writing fails the old file is whole and nothing is left beside it', () => {
    const path = join(folder, 'a.image');
    writeFileSync(path, 'old');
    // The name under which the new file is written beside is taken by a folder.
    mkdirSync(join(folder, `.a.image.${process.pid}.part`));
    expect(failure(() => writeImageFile(path, bytes))).toBe(
      `unwritable: the image file ${path} cannot be written (EISDIR)`,
    );
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  const fullDevice = '/dev/full';
  (existsSync(fullDevice) ? test : test.skip)('a full disk is named as such, and the old file is whole', () => {
    const path = join(folder, 'a.image');
    writeFileSync(path, 'old');
    symlinkSync(fullDevice, join(folder, `.a.image.${process.pid}.part`));
    expect(failure(() => writeImageFile(path, bytes))).toBe(
      `disk-full: no room to write the 3 bytes of the image file ${path} (ENOSPC); what was there is unchanged`,
    );
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a.image']);
  });
});
