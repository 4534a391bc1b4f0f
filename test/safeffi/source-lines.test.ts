/**
 * Names and source lines of C frames: from the library itself, from a debug file beside it, and nothing where the file tells
 * nothing any more.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { debugFileOf } from '../../safeffi/faults/elf-file.ts';
import { parseAnswer } from '../../safeffi/faults/source-lines.ts';
import { type Fault, type FFIFault, frameText, openSession, type Session } from '../../safeffi/index.ts';
import { faultOf } from './fault-of.ts';
import { compile } from './fixture.ts';

const source = `static volatile int kept;
static inline __attribute__((always_inline)) void innermost(int *at) {
    kept = *(volatile int *)at;
}
__attribute__((noinline)) static void middle(int *at) {
    innermost(at);
    kept++;
}
void outer(int *at) {
    middle(at);
    kept++;
}
`;

let folder: string;
let session: Session;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'safeffi-lines-'));
  session = openSession({ ffi: 'native' });
});
afterEach(() => {
  session.close();
  rmSync(folder, { recursive: true });
});

const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: folder });

function faultIn(path: string): FFIFault {
  const outer = session.library(path).function('outer', { returns: 'void', arguments: ['int *'] });
  return faultOf(() => outer(null));
}

const places = (fault: Fault) => fault.cFrames.map(({ symbol, line }) => [symbol, line]);

test('frames tell file and line, and what the compiler put in line', () => {
  const caught = faultIn(compile('lines', source));
  expect(places(caught.fault)).toEqual([
    ['middle', 3],
    ['outer', 10],
  ]);
  expect(caught.fault.cFrames[0]!.inlined).toEqual(['innermost']);
  expect(frameText(caught.fault.cFrames[0]!)).toMatch(
    /^middle\+0x\w+ \(liblines-\w+\.so, lines-\w+\.c:3, in line: innermost\)$/,
  );
  expect(JSON.parse(JSON.stringify(caught.fault)).cFrames[1].line).toBe(10);
  caught.answer(undefined);
});

test('a stripped library with its debug file beside it tells names and lines', () => {
  const path = join(folder, 'libstripped.so');
  copyFileSync(compile('lines', source), path);
  run('objcopy', '--only-keep-debug', path, 'libstripped.debug');
  run('strip', '--strip-all', path);
  expect(debugFileOf(path)).toBeUndefined();
  run('objcopy', '--add-gnu-debuglink=libstripped.debug', path);
  expect(debugFileOf(path)).toBe(join(folder, 'libstripped.debug'));
  const caught = faultIn(path);
  expect(places(caught.fault)).toEqual([
    ['middle', 3],
    ['outer', 10],
  ]);
  caught.answer(undefined);
});

test('a library without debug information has names and no lines', () => {
  const path = join(folder, 'libplain.so');
  copyFileSync(compile('lines', source), path);
  run('objcopy', '--strip-debug', path);
  const caught = faultIn(path);
  expect(places(caught.fault)).toEqual([
    ['middle', undefined],
    ['outer', undefined],
  ]);
  caught.answer(undefined);
});

test('a library that is compiled again is read again, and one that was replaced while loaded tells no wrong names', () => {
  const path = join(folder, 'libagain.so');
  const build = (text: string) => {
    writeFileSync(join(folder, 'again.c'), text);
    run('cc', '-O1', '-g', '-fPIC', '-shared', '-fno-optimize-sibling-calls', '-o', 'new.so', 'again.c');
    run('mv', 'new.so', path);
  };
  build(source);
  const first = faultIn(path);
  expect(places(first.fault)[0]).toEqual(['middle', 3]);
  first.answer(undefined);
  build(`\n\n${source.replace('middle', 'renamed').replace('middle', 'renamed')}`);
  session.close();
  session = openSession({ ffi: 'native' });
  const second = faultIn(path);
  expect(places(second.fault)[0]).toEqual(['renamed', 5]);
  second.answer(undefined);
  build(source);
  const third = faultIn(path); // seen before in this process: what is known of the file that was loaded stands
  expect(places(third.fault)[0]).toEqual(['renamed', 5]);
  third.answer(undefined);
  session.close();
  session = openSession({ ffi: 'native' });
  const loaded = session.library(path);
  build(`\n${source}`);
  const fourth = faultOf(() => loaded.function('outer', { returns: 'void', arguments: ['int *'] })(null));
  expect(fourth.fault.cFrames.map(({ symbol, line, module }) => [symbol, line, module])).toEqual([
    [undefined, undefined, 'libagain.so'],
    ['outer', undefined, 'libagain.so'],
  ]);
  fourth.answer(undefined);
});

test('a file that is no ELF file or is cut short has no names, and nothing breaks', () => {
  const path = join(folder, 'broken.so');
  writeFileSync(path, 'not ELF at all');
  expect(debugFileOf(path)).toBeUndefined();
  writeFileSync(path, Buffer.concat([Buffer.from('7f454c4602010100', 'hex'), Buffer.alloc(100, 0xff)]));
  expect(debugFileOf(path)).toBeUndefined();
  expect(debugFileOf(join(folder, 'missing'))).toBeUndefined();
});

test('the answers of addr2line and of llvm-symbolizer are read alike', () => {
  const gnu =
    '0x0000000000001119\ninnermost\n/src/lines.c:3 (discriminator 1)\nmiddle\n/src/lines.c:6\n0x0000000000001200\n??\n??:0\n';
  const llvm = '0x1119\ninnermost\n/src/lines.c:3\nmiddle\n/src/lines.c:6\n0x1200\n??\n??:0\n';
  const expected = new Map([[0x1119, { file: '/src/lines.c', line: 3, inlined: ['innermost'] }]]);
  expect(parseAnswer(gnu)).toEqual(expected);
  expect(parseAnswer(llvm)).toEqual(expected);
  expect(parseAnswer('')).toEqual(new Map());
  expect(parseAnswer('garbage\n0xzz\nx')).toEqual(new Map());
});
