/**
 * Functions of this side that C calls: arguments and results, nesting, errors thrown through C frames, release, requests
 * that are answered later. After each fault the executor lives and the next callout works.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Address,
  type CalloutError,
  type FFIFault,
  type Library,
  openSession,
  type ResultValue,
  type Session,
} from '../../safeffi/index.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;
let libc: Library;

beforeAll(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('callbacks'));
  libc = session.library('libc.so.6');
});
afterAll(() => session.close());

const unary = (fn: (n: number) => number) => session.callback('int unary(int)', (n) => fn(n as number));
const apply = () => library.prepare('apply', { returns: 'int', arguments: ['void *', 'int'] });
const abs = () => libc.prepare('abs', { returns: 'int', arguments: ['int'] });
const int32 = (value: ResultValue) => new DataView(session.memory.read(value as Address, 4).buffer).getInt32(0, true);

function failureOf<E extends Error>(run: () => unknown): E {
  try {
    run();
  } catch (error) {
    return error as E;
  }
  throw new Error('nothing was thrown');
}

/** The executor answers, on the lane that is used first. */
function expectAlive(): void {
  expect(abs().call([-7])).toBe(7);
  expect(apply().call([unary((n) => n + 1), 1])).toBe(2);
}

describe('libc', () => {
  const compare = () => session.callback('int (*)(const int *, const int *)', (a, b) => int32(a!) - int32(b!));

  test('qsort sorts by a function', () => {
    const qsort = libc.function('qsort', { returns: 'void', arguments: ['void *', 'size_t', 'size_t', 'void *'] });
    const numbers = Int32Array.from({ length: 500 }, (_, i) => (i * 7919) % 1009);
    const sorted = numbers.slice().sort();
    qsort(numbers, numbers.length, 4, compare());
    expect([...numbers]).toEqual([...sorted]);
  });

  test('bsearch and lfind find by a function', () => {
    const size = ['void *', 'size_t', 'void *'];
    const numbers = Int32Array.of(2, 3, 5, 7, 11, 13);
    const home = session.memory.allocate(24);
    session.memory.write(home, new Uint8Array(numbers.buffer));
    const bsearch = libc.function('bsearch', {
      returns: 'void *',
      arguments: ['const void *', 'const void *', 'size_t', ...size.slice(1)],
    });
    expect((bsearch(Int32Array.of(11), home, 6, 4, compare()) as Address).equals(home.plus(16))).toBe(true);
    expect((bsearch(Int32Array.of(4), home, 6, 4, compare()) as Address).isNull).toBe(true);
    const lfind = libc.function('lfind', {
      returns: 'void *',
      arguments: ['const void *', 'const void *', 'size_t *', 'size_t', 'void *'],
    });
    expect((lfind(Int32Array.of(5), home, BigInt64Array.of(6n), 4, compare()) as Address).equals(home.plus(8))).toBe(
      true,
    );
  });
});

describe('arguments and results', () => {
  test('registers of both kinds and the stack, each type in its place', () => {
    const types =
      'int, double, float, long, short, double, unsigned char, long, int, long, long, double, float, double, double, double, double, double, int';
    const seen: ResultValue[] = [];
    const f = session.callback(`double f(${types})`, (...args) => {
      seen.push(...args);
      return 0.125;
    });
    expect(library.function('mixed', { returns: 'double', arguments: ['void *'] })(f)).toBe(0.125);
    expect(seen).toEqual([-1, 2.5, 3.5, -4e9, -5, 6.25, 7, 8, 9, 10, 11, 12.5, 13.5, 14, 15, 16, 17, 18.75, -19]);
  });

  test('const char * comes as text; a text result lives until the next', () => {
    const through = library.function('through', { returns: 'const char *', arguments: ['void *', 'const char *'] });
    const f = session.callback('const char *f(const char *)', (text) => (text === '' ? null : `<${String(text)}>`));
    expect([through(f, 'grüße'), through(f, ''), through(f, 'a')]).toEqual(['<grüße>', 'nothing', '<a>']);
  });

  test('records by value, in registers and in memory', () => {
    const declared = library.declare<{
      call_small(f: unknown, n: number): { a: number; b: number };
      call_big(f: unknown, n: number): { a: number; b: number; c: number; d: number };
    }>(`
      struct small { int a; float b; };
      struct big { long a, b, c; double d; };
      struct small call_small(void *f, int n);
      struct big call_big(void *f, int n);
    `);
    const small = session.callback('struct small { int a; float b; }; struct small f(struct small, int)', (s, n) => {
      const view = declared.struct('small').fromBytes(s as Uint8Array);
      return declared.struct('small').toBytes({ a: (view.a as number) + (n as number), b: 2 * (view.b as number) });
    });
    expect(declared.call_small(small, 20)).toEqual({ a: 40, b: 1 });
    const big = session.callback('struct big { long a, b, c; double d; }; struct big f(struct big, int)', (s, n) => {
      const view = declared.struct('big').fromBytes(s as Uint8Array);
      return declared.struct('big').toBytes({ ...view, a: (view.a as number) * (n as number), d: -1 });
    });
    expect(declared.call_big(big, 3)).toEqual({ a: 9, b: 2, c: 3, d: -1 });
  });

  test.each([
    ['x', "the result is 'x', expected int (-2147483648 to 2147483647)"],
    [2 ** 31, 'the result is 2147483648, expected int (-2147483648 to 2147483647)'],
    [undefined, 'the result is undefined, expected int (-2147483648 to 2147483647)'],
  ])('a result that does not fit is refused by the name of the callback: %p', (value, sentence) => {
    const f = session.callback('int measure(int)', () => value as number);
    const error = failureOf<CalloutError>(() => apply().call([f, 1]));
    expect([error.code, error.message]).toEqual(['callback-result', `callback measure: ${sentence}`]);
    expectAlive();
  });

  test.each(['int', 'int *', 'struct { int a; }'])('%s is no type of a callback', (text) => {
    expect(failureOf<CalloutError>(() => session.callback(text)).code).toMatch(/^bad-/);
  });

  test('variable arguments are refused', () => {
    expect(failureOf<CalloutError>(() => session.callback('int log(const char *, ...)')).message).toBe(
      'callout log: a callback cannot have variable arguments: nothing tells how many came',
    );
  });
});

describe('nesting', () => {
  test('callouts nest in callbacks, 100 deep, and all come back', () => {
    const f = unary((n) => (n === 0 ? 0 : 1 + (apply().call([f, n - 1]) as number)));
    expect(apply().call([f, 100])).toBe(100);
  });

  test('nested callouts run on the thread that waits, with its errno and stack', () => {
    const gettid = libc.function('gettid', { returns: 'int', arguments: [] });
    const outside = gettid();
    const f = unary(() => gettid() as number);
    expect(apply().call([f, 0])).toBe(outside);
  });

  test('buffers and strings of nested callouts leave those of the outer ones alone', () => {
    const strlen = libc.function('strlen', { returns: 'size_t', arguments: ['const char *'] });
    const qsort = libc.function('qsort', { returns: 'void', arguments: ['void *', 'size_t', 'size_t', 'void *'] });
    const lengths: ResultValue[] = [];
    const f = session.callback('int (*)(const int *, const int *)', (a, b) => {
      for (let i = 0; i < 20; i++) lengths.push(strlen('x'.repeat(i)));
      return int32(a!) - int32(b!);
    });
    const numbers = Int32Array.of(3, 1, 2);
    qsort(numbers, 3, 4, f);
    expect([...numbers]).toEqual([1, 2, 3]);
    expect(lengths.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('a callback of several lanes at once goes to the lane that called it', () => {
    const sum = library.prepare('sum_of', { returns: 'int', arguments: ['void *', 'int'] });
    const double = unary((n) => 2 * n);
    const triple = unary((n) => 3 * n);
    const pending = [double, triple, double].map((f) => sum.start([f, 1000]));
    expect(pending.map((one) => one.result())).toEqual([999_000, 1_498_500, 999_000]);
  });
});

describe('errors', () => {
  test('an error of the function abandons the C frames and goes on from the callout', () => {
    const guarded = library.function('guarded', { returns: 'int', arguments: ['void *', 'int'] });
    const left = library.function('left', { returns: 'int', arguments: [] });
    const before = left() as number;
    const boo = new Error('boo');
    const f = unary(() => {
      throw boo;
    });
    expect(failureOf(() => guarded(f, 1))).toBe(boo);
    expect(left()).toBe(before + 1);
    expect(session.executor.tainted).toBe(true);
    expectAlive();
  });

  test('through several levels of callouts and callbacks', () => {
    const boo = new Error('deep');
    const f = unary((n) => {
      if (n === 0) throw boo;
      return apply().call([f, n - 1]) as number;
    });
    expect(failureOf(() => apply().call([f, 10]))).toBe(boo);
    const caught = unary((n) => {
      if (n !== 5) return apply().call([n > 5 ? caught : f, n - 1]) as number;
      try {
        return apply().call([f, 4]) as number;
      } catch {
        return 1000;
      }
    });
    expect(apply().call([caught, 10])).toBe(1000);
    expectAlive();
  });

  test('with onError C gets that value and goes on', () => {
    const fails = () => {
      throw new Error('boo');
    };
    const f = session.callback('int f(int)', fails, { onError: -7 });
    expect(library.function('apply_twice', { returns: 'int', arguments: ['void *', 'int'] })(f, 1)).toBe(-7);
    const g = session.callback('int f(int)', () => 'x', { onError: -8 });
    expect(apply().call([g, 1])).toBe(-8);
    expect(failureOf<CalloutError>(() => session.callback('int f(int)', fails, { onError: 'x' })).message).toBe(
      "callback f: the result is 'x', expected int (-2147483648 to 2147483647)",
    );
  });

  test('a fault in C that called a callback, and in C that a callback called', () => {
    const after = library.prepare('crash_after', { returns: 'int', arguments: ['void *', 'int'] });
    const fault = failureOf<FFIFault>(() => after.call([unary((n) => n), 1]));
    expect(fault.fault.kind).toBe('MemoryViolation');
    expect(fault.fault.cFrames[0]?.symbol).toBe('crash_after');
    expect(fault.answer(3)).toBe(3);
    expectAlive();

    const crash = library.prepare('crash', { returns: 'int', arguments: ['int'] });
    const f = unary((n) => {
      const inner = failureOf<FFIFault>(() => crash.call([8]));
      expect(inner.fault.cFrames.map((frame) => frame.symbol)).toEqual(['crash']);
      return inner.answer(n + 100);
    });
    // The answer abandons the inner callout alone: C goes on behind the callback.
    expect(library.function('after_nested_fault', { returns: 'int', arguments: ['void *', 'int'] })(f, 1)).toBe(102);
    const retried = unary((n) => failureOf<FFIFault>(() => crash.call([8])).answer(n));
    expect(apply().call([retried, 5])).toBe(5);
    expectAlive();
  });

  test('a fault that leaves a callback takes the outer C frames along', () => {
    const crash = library.prepare('crash', { returns: 'int', arguments: ['int'] });
    const f = unary(() => crash.call([8]) as number);
    const fault = failureOf<FFIFault>(() => apply().call([f, 1]));
    expect(fault.fault.function).toBe('crash');
    expectAlive();
    expect(fault.answer(1)).toBe(1);
    expectAlive();
  });

  test('a fault that a callback leaves standing is an error of the callback', () => {
    const crash = library.prepare('crash', { returns: 'int', arguments: ['int'] });
    const f = unary(() => {
      failureOf<FFIFault>(() => crash.call([8]));
      return 1;
    });
    expect(failureOf<CalloutError>(() => apply().call([f, 1])).message).toBe(
      'callback unary: a callout that it made is not over',
    );
    expectAlive();
  });
});

describe('release', () => {
  test('a released callback that is called is a fault with its name, which can be answered', () => {
    const f = session.callback('int forgotten(int)', () => 1);
    library.function('keep', { returns: 'void', arguments: ['void *'] })(f);
    const call = library.prepare('call_kept', { returns: 'int', arguments: ['int'] });
    expect(call.call([1])).toBe(1);
    f.release();
    f.release();
    const fault = failureOf<FFIFault>(() => call.call([1]));
    expect(fault.message).toBe('ReleasedCallback: callback forgotten was released, and C called it');
    expect(fault.fault.function).toBe('call_kept');
    expect(fault.answer(9)).toBe(9);
    expectAlive();
  });

  test('a released callback is refused as an argument, and has no address', () => {
    const f = session.callback('int forgotten(int)', () => 1);
    f.release();
    expect(failureOf<CalloutError>(() => apply().call([f, 1])).message).toBe(
      'callout apply: argument 1 is the released callback forgotten, expected void * (an address, a String, a ByteArray or nil)',
    );
    expect(failureOf<CalloutError>(() => f.address).message).toBe('callback forgotten was released');
  });

  test('numbers are used again only when all were used', () => {
    const other = openSession({ ffi: 'native' });
    const addresses = new Set<string>();
    for (let i = 0; i < 16_384; i++) {
      const f = other.callback({ returns: 'int', arguments: ['int'] }, () => i);
      addresses.add(String(f.address));
      f.release();
    }
    expect(addresses.size).toBe(16_384);
    const first = other.callback({ returns: 'int', arguments: ['int'] }, (n) => n as number);
    expect(addresses.has(String(first.address))).toBe(true);
    const lib = other.library(fixture('callbacks'));
    expect(lib.function('apply', { returns: 'int', arguments: ['void *', 'int'] })(first, 5)).toBe(5);
    for (let i = 1; i < 16_384; i++) other.callback({ returns: 'int', arguments: ['int'] }, () => i);
    expect(failureOf<CalloutError>(() => other.callback('int one_more(int)')).message).toBe(
      'callback one_more: all 16384 callbacks of the executor are in use',
    );
    other.close();
  });
});

describe('restart', () => {
  test('a callback lives on with another address; the old one is stale', () => {
    const f = unary((n) => n + 1);
    const { address } = f;
    session.restart();
    expect(f.address.generation).toBe(address.generation + 1);
    expect(failureOf<FFIFault>(() => apply().call([address, 1])).fault.kind).toBe('StaleAddress');
    expect(apply().call([f, 1])).toBe(2);
  });

  test('a restart within a callback ends the callout, and nothing else', () => {
    const f = unary((n) => {
      session.restart();
      return n;
    });
    const fault = failureOf<FFIFault>(() => apply().call([f, 1]));
    expect(fault.message).toBe('ExecutorDied: the executor was restarted while the callout was under way');
    const { generation } = session.executor;
    expectAlive();
    expect(session.executor.generation).toBe(generation);
  });
});

describe('requests', () => {
  const manual = () => session.callback('int asked(int)', undefined, { data: 'mine' });

  test('a callback without a function is a request, answered later, callouts within it on its thread', () => {
    const pending = library.prepare('sum_of', { returns: 'int', arguments: ['void *', 'int'] }).start([manual(), 3]);
    const seen: ResultValue[] = [];
    while (!pending.wait(1000));
    for (; pending.state === 'callback'; ) {
      const request = pending.callback()!;
      expect(request.callback.data).toBe('mine');
      seen.push(request.args[0]!);
      const nested = abs().start([-10], { within: request });
      expect(failureOf<CalloutError>(() => request.return(1)).message).toBe(
        'callback asked: a callout that it made is not over',
      );
      request.return(nested.result() as number);
      expect(request.isOpen).toBe(false);
      while (!pending.wait(1000));
    }
    expect([pending.state, pending.result(), seen]).toEqual(['done', 30, [0, 1, 2]]);
  });

  test('a request that is given up drops the C frames, and what stands within it', () => {
    const pending = apply().start([manual(), 3]);
    while (!pending.wait(1000));
    const request = pending.callback()!;
    const inner = apply().start([manual(), 4], { within: request });
    while (!inner.wait(1000));
    request.abandon();
    expect([pending.state, inner.state]).toEqual(['abandoned', 'abandoned']);
    expect(failureOf<CalloutError>(() => pending.result()).code).toBe('already-resolved');
    expect(failureOf<CalloutError>(() => request.return(1)).message).toBe(
      'callback asked: a result comes too late, it does not wait any more',
    );
    expectAlive();
  });

  test('a callout that nobody started cannot answer one', () => {
    expect(failureOf<CalloutError>(() => apply().call([manual(), 3])).message).toBe(
      "callback asked has no function; callout apply must be started, and the callback's request answered",
    );
    expectAlive();
  });

  test('requests on several lanes are answered in any order', () => {
    const f = manual();
    const pending = [1, 2, 3].map((n) => apply().start([f, n]));
    for (const one of pending) while (!one.wait(1000));
    for (const one of [2, 0, 1].map((i) => pending[i]!)) {
      const request = one.callback()!;
      request.return((request.args[0] as number) * 10);
    }
    expect(pending.map((one) => one.result())).toEqual([10, 20, 30]);
  });
});

describe('jumps and exits', () => {
  const left = /^callout jump_away: C left it by longjmp, and the callback that it was made in$/;
  const jump = () => library.prepare('jump_away', { returns: 'void', arguments: [] });
  const withWayOut = () => library.prepare('with_way_out', { returns: 'int', arguments: ['void *', 'int'] });

  test('C may jump over a callback: its callout ends with an error, the outer one goes on', () => {
    let message = '';
    const f = unary(() => {
      message = failureOf<CalloutError>(() => jump().call([])).message;
      // C is gone from here: nothing can be made within, and no answer counts.
      expect(failureOf<CalloutError>(() => abs().call([-1])).code).toBe('callback-open');
      return 5;
    });
    expect(withWayOut().call([f, 1])).toBe(-1);
    expect(message).toMatch(left);
    expectAlive();
    const g = unary(() => jump().call([]) as unknown as number);
    for (let i = 0; i < 100; i++) expect(withWayOut().call([g, i])).toBe(-1);
    expectAlive();
  });

  test('over several callbacks at once', () => {
    const messages: string[] = [];
    const f = unary((n) => {
      try {
        return (n === 0 ? jump().call([]) : apply().call([f, n - 1])) as number;
      } catch (error) {
        messages.push((error as Error).message);
        throw error;
      }
    });
    expect(withWayOut().call([f, 3])).toBe(-1);
    expect(messages).toHaveLength(4);
    expect(messages[0]).toMatch(left);
    expect(messages[3]).toBe('callout apply: C left it by longjmp, and the callback that it was made in');
    expectAlive();
  });

  test('over a request', () => {
    const pending = withWayOut().start([session.callback('int asked(int)'), 3]);
    while (!pending.wait(1000));
    const request = pending.callback()!;
    const inner = jump().start([], { within: request });
    while (!inner.wait(1000));
    expect(failureOf<CalloutError>(() => inner.result()).message).toMatch(left);
    expect([request.isOpen, pending.result()]).toEqual([false, -1]);
    expectAlive();
  });

  test('a jump that crosses no callback is as it always was', () => {
    const outer = unary(() => withWayOut().call([library.symbol('jump_now'), 1]) as number);
    expect(apply().call([outer, 1])).toBe(-1);
    expect(withWayOut().call([library.symbol('jump_now'), 1])).toBe(-1);
  });

  test('a function registered with atexit is a callback of the callout that exits', () => {
    const seen: string[] = [];
    const f = session.callback('void f(void)', () => {
      seen.push(`abs ${abs().call([-3])}`);
    });
    const exit = library.prepare('exit_with', { returns: 'void', arguments: ['void *', 'int'] });
    const fault = failureOf<FFIFault>(() => exit.call([f, 3]));
    expect(fault.message).toBe('CalloutAborted: exit(3) was called');
    expect(seen).toEqual(['abs 3']);
    fault.answer(undefined);
    expectAlive();
  });
});

test('callbacks belong to a session and a domain', () => {
  const other = openSession({ ffi: 'native' });
  const foreign = other.callback('int f(int)', () => 1);
  expect(failureOf<CalloutError>(() => apply().call([foreign, 1])).message).toBe(
    'callout apply: argument 1 is the callback f, expected a callback of the same session and domain',
  );
  other.close();
  const own = session.library(fixture('callbacks'), { domain: 'own' });
  const there = own.prepare('apply', { returns: 'int', arguments: ['void *', 'int'] });
  const f = own.callback('int f(int)', (n) => (apply().call([unary((m) => m + 1), n as number]) as number) * 2);
  expect(there.call([f, 1])).toBe(4);
  expect(failureOf<CalloutError>(() => apply().call([f, 1])).code).toBe('argument-type');
  expectAlive();
});
