/**
 * The table of docs/library/executors.md, cell by cell, against the executors: `yes` must work, `no` must be refused or be
 * known not to. A crash in the direct executor is tried in a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  CalloutError,
  type ExecutorKind,
  FFIFault,
  type Library,
  openSession,
  type Session,
} from '../../safeffi/index.ts';
import { compile } from '../safeffi/fixture.ts';

const source = `
#include <unistd.h>
struct pair { int a; double b; };
struct __attribute__((packed)) tight { char a; int b; };
struct pair swap(struct pair p) { p.a = -p.a; p.b = -p.b; return p; }
int tight_sum(struct tight t) { return t.a + t.b; }
int count(void) { static int n; return ++n; }
int length(const char *s) { int n = 0; while (s[n]) n++; return n; }
void add_one(unsigned char *bytes, int n) { for (int i = 0; i < n; i++) bytes[i]++; }
int read_at(volatile int *at) { return *at; }
void before(volatile char *bytes) { bytes[-1] = 1; }
int meet(void) { static volatile int met; __sync_add_and_fetch(&met, 1); while (met < 2) usleep(100); return met; }
void forever(void) { for (;;) pause(); }
int apply(int (*f)(int), int n) { return f(n); }
double half(double v) { return v / 2; }
`;
const declared = `
  struct pair { int a; double b; };
  struct pair swap(struct pair p); int count(void); int length(const char *s);
  void add_one(unsigned char *bytes, int n); int read_at(int *at); void before(char *bytes); int meet(void);
  void forever(void); int apply(int (*f)(int), int n); double half(double v);`;

const table = /<!-- table[^>]*-->\n([\s\S]*?)<!-- end of table -->/.exec(
  readFileSync(new URL('../../../docs/library/executors.md', import.meta.url), 'utf8'),
)![1]!;
const rows = table
  .trim()
  .split('\n')
  .map((row) => row.split('|').map((cell) => cell.trim()));
const promised = new Map(rows.map(([, what, native, portable, direct]) => [what!, { native, portable, direct }]));

interface Subject {
  readonly kind: ExecutorKind;
  readonly session: Session;
  readonly library: Library;
  readonly c: ReturnType<Library['declare']> & Record<string, (...args: never[]) => unknown>;
}

function faultOf(run: () => unknown): FFIFault {
  try {
    run();
  } catch (error) {
    if (error instanceof FFIFault) return error;
    throw error;
  }
  throw new Error('no fault');
}

/** What each row means: true where the executor does it. A refusal (CalloutError) is a no. */
const claims: Readonly<Record<string, (subject: Subject) => boolean>> = {
  'every scalar, pointer, string, buffer': ({ c }) => {
    const bytes = new Uint8Array(3);
    c.add_one!(bytes as never, 3 as never);
    return c.half!(3 as never) === 1.5 && c.length!('abc' as never) === 3 && bytes.join() === '1,1,1';
  },
  'records by value': ({ c }) => (c.swap!({ a: 1, b: 2 } as never) as { b: number }).b === -2,
  'packed records of up to 16 bytes with a misaligned field, by value': ({ library }) => {
    const tight = library.declare('struct tight { char a; int b; }; int tight_sum(struct tight t);', { packed: true });
    return tight.tight_sum!({ a: 1, b: 2 }) === 3;
  },
  'state lasts from call to call': ({ c }) => Number(c.count!()) + 1 === c.count!(),
  'a crash is an error here': (subject) => crash(subject) !== undefined,
  "the fault's signal": (subject) => crash(subject)?.fault.signal === 'SIGSEGV',
  "the fault's address, access, argument": (subject) => crash(subject)?.fault.access === 'read',
  'C frames and registers': (subject) => crash(subject)?.fault.registers !== undefined,
  "answer: C's state is kept": (subject) => {
    const before = Number(subject.c.count!());
    return crash(subject) !== undefined && subject.c.count!() === before + 1;
  },
  continue: (subject) => {
    const caught = crashStands(subject);
    const has = caught?.choices.includes('continue') === true;
    caught?.answer(0);
    return has;
  },
  'checkpoint and rollback': ({ session }) => session.checkpoint().stands,
  restart: ({ session }) => {
    session.restart();
    return true;
  },
  deadlines: ({ kind, library }) => {
    if (kind === 'direct') return false; // there a call cannot be stopped: it would hang this test
    const forever = library.prepare('forever', { returns: 'void', arguments: [] });
    const caught = faultOf(() => forever.call([], { deadlineMs: 20 }));
    caught.answer(0);
    return caught.fault.kind === 'CalloutTimeout';
  },
  'a write in front of a buffer is found': ({ kind, c }) => {
    if (kind === 'direct') return false; // there it is a write into this process
    try {
      c.before!(new Uint8Array(8) as never);
    } catch (error) {
      if (!(error instanceof FFIFault)) throw error;
      error.answer(0);
      return true;
    }
    return false;
  },
  'callouts at once': ({ kind, library }) => {
    if (kind === 'direct') return false; // there a call is over when it has begun: the first would wait for ever
    const meet = library.prepare('meet', { returns: 'int', arguments: [] });
    const both = [meet.start([], { deadlineMs: 2000 }), meet.start([], { deadlineMs: 2000 })];
    try {
      return both.every((one) => one.result() === 2);
    } catch (error) {
      if (!(error instanceof FFIFault)) throw error;
      error.answer(0);
      return false;
    }
  },
  'shared buffers': ({ session }) => session.buffer(16).length === 16,
  domains: ({ session }) => session.library('libc.so.6', { domain: 'other' }).executor !== session.executor,
  'a wrong free is a fault': ({ session }) => {
    faultOf(() => session.memory.free(session.address(4096))).answer(0);
    return true;
  },
  batches: ({ session, library }) => {
    const batch = session.batch(library.prepare('count', { returns: 'int', arguments: [] }), 2);
    batch.add();
    batch.add();
    batch.run();
    return Number(batch.result(1)) === Number(batch.result(0)) + 1;
  },
  callbacks: ({ c }) => c.apply!(((n: number) => 2 * n) as never, 4 as never) === 8,
};

function crashStands({ kind, c }: Subject): FFIFault | undefined {
  return kind === 'direct' ? undefined : faultOf(() => c.read_at!(null as never));
}

function crash(subject: Subject): FFIFault | undefined {
  const caught = crashStands(subject);
  caught?.answer(0);
  return caught;
}

describe.each(['native', 'portable', 'direct'] as const)('%s', (kind) => {
  let subject: Subject;
  beforeAll(() => {
    const session = openSession({ ffi: kind });
    const library = session.library(compile('executors', source));
    subject = { kind, session, library, c: library.declare(declared) as Subject['c'] };
  });
  afterAll(() => subject.session.close());

  test.each([...promised.keys()])('%s', (what) => {
    const claim = claims[what];
    if (claim === undefined) throw new Error(`the table has a row that no test knows: ${what}`);
    let works = false;
    try {
      works = claim(subject);
    } catch (error) {
      if (!(error instanceof CalloutError)) throw error;
      expect(['not-available', 'bad-signature']).toContain(error.code);
    }
    expect(works ? 'yes' : 'no').toBe(promised.get(what)![kind]);
  });
});

test('every claim is in the table', () => {
  expect([...promised.keys()].sort()).toEqual(Object.keys(claims).sort());
});

test('direct: a crash ends the process, as the table says', () => {
  const index = new URL('../../safeffi/index.js', import.meta.url).href;
  const body = `import { openSession } from '${index}';
openSession({ ffi: 'direct' }).library('libc.so.6').function('strlen', { returns: 'size_t', arguments: ['char *'] })(null);`;
  expect(spawnSync(process.execPath, ['--input-type=module', '-e', body]).signal).toBe('SIGSEGV');
});
