/**
 * Callbacks on threads that C made, callbacks while nobody waits, and asynchronous callouts. Nothing is lost and nothing hangs;
 * the tests end only if none does.
 */
import { execFileSync } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type CalloutError,
  FFIFault,
  type Library,
  openSession,
  type ResultValue,
  type Session,
  type SessionOptions,
} from '../../safeffi/index.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;

function open(options: SessionOptions = {}): void {
  session = openSession({ ffi: 'native', ...options });
  library = session.library(fixture('callback-threads'));
}
beforeEach(() => open());
afterEach(() => session.close());

const unary = (fn: (n: number) => number) => session.callback('int unary(int)', (n) => fn(n as number));
const call = (name: string, ...types: string[]) =>
  library.function(name, { returns: name === 'wide_on_thread' ? 'double' : 'int', arguments: types });
const onThreads = () => call('on_threads', 'void *', 'int', 'int');
const leave = () => library.function('leave_thread', { returns: 'void', arguments: ['void *', 'int'] });
const gettid = () => session.library('libc.so.6').function('gettid', { returns: 'int', arguments: [] })() as number;

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await setImmediate();
}

async function rejection<E extends Error>(promise: Promise<unknown>): Promise<E> {
  try {
    await promise;
  } catch (error) {
    return error as E;
  }
  throw new Error('nothing was rejected');
}

describe('threads that C made', () => {
  test('call back while the callout that made them waits for them', () => {
    const threads = new Set<number>();
    const f = unary((n) => {
      threads.add(gettid());
      return 2 * n;
    });
    expect(onThreads()(f, 1, 10)).toBe(90);
    expect(threads.has(gettid())).toBe(false);
  });

  test('more of them than lanes wait in line, and none is lost', () => {
    let calls = 0;
    const f = unary((n) => {
      calls++;
      return n;
    });
    expect(onThreads()(f, 40, 50)).toBe(40 * 1225);
    expect(calls).toBe(2000);
  });

  test('arguments in registers and on the stack of the thread', () => {
    const seen: ResultValue[] = [];
    const f = session.callback('double f(int, double, long, long, long, long, long, long, double, int)', (...args) => {
      seen.push(...args);
      return 0.25;
    });
    expect(call('wide_on_thread', 'void *')(f)).toBe(0.25);
    expect(seen).toEqual([-1, 2.5, 3, 4, 5, 6, 7, 8, 9.5, -10]);
  });

  test('call back on the event loop after the callout has returned', async () => {
    let sum = 0;
    leave()(
      unary((n) => {
        sum += n;
        return n;
      }),
      200,
    );
    await until(() => sum === 19_900);
    expect(call('join_left')()).toBe(19_900);
  });

  test('callouts nest in their callbacks, on their thread, faults and all', () => {
    const crash = library.prepare('crash', { returns: 'int', arguments: ['int'] });
    const f = unary((n) => {
      try {
        return crash.call([8]) as number;
      } catch (error) {
        return (error as FFIFault).answer(n + 1);
      }
    });
    expect(onThreads()(f, 3, 2)).toBe(9);
  });

  test('an error is reported, and C gets zero or the value for errors', async () => {
    session.close();
    const errors: unknown[] = [];
    open({ onCallbackError: (error) => errors.push(error) });
    const boo = new Error('boo');
    const fails = () => {
      throw boo;
    };
    expect(onThreads()(session.callback('int f(int)', fails), 2, 3)).toBe(0);
    expect(errors).toEqual(Array(6).fill(boo));
    expect(onThreads()(session.callback('int f(int)', fails, { onError: 7 }), 2, 3)).toBe(42);
    const released = unary(() => 1);
    const { address } = released;
    released.release();
    expect(onThreads()(address, 1, 1)).toBe(0);
    expect(String(errors.at(-1))).toBe('Error: callback unary was released, and C called it');
    expect(
      call(
        'apply',
        'void *',
        'int',
      )(
        unary((n) => n),
        3,
      ),
    ).toBe(3);
  });

  test('a fault of the thread behind its callback is a fault like others', () => {
    const crashing = call('thread_crashes_after_call', 'void *');
    let fault: unknown;
    try {
      crashing(unary((n) => n));
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(FFIFault);
    expect((fault as FFIFault).message).toMatch(/^MemoryViolation: read of 4 bytes at 0x8, in a thread that C made$/);
    expect((fault as FFIFault).answer(1)).toBe(1);
    expect(
      onThreads()(
        unary((n) => n),
        2,
        3,
      ),
    ).toBe(6);
  });

  test('a restart in a callback ends the callout that waits, and nothing else', () => {
    const f = unary((n) => {
      session.restart();
      return n;
    });
    expect(() => onThreads()(f, 2, 2)).toThrow('ExecutorDied: the executor was restarted');
    expect(
      onThreads()(
        unary((n) => n),
        2,
        3,
      ),
    ).toBe(6);
  });

  test('requests of callbacks without a function', () => {
    session.close();
    let told = 0;
    open({ onCallbackRequest: () => told++ });
    const abs = session.library('libc.so.6').prepare('abs', { returns: 'int', arguments: ['int'] });
    leave()(session.callback('int asked(int)'), 5);
    const seen: ResultValue[] = [];
    while (seen.length < 5) {
      session.waitForNews(1000);
      session.poll();
      for (const request of session.takeRequests()) {
        expect(request.isForeign).toBe(true);
        seen.push(request.args[0]!);
        request.return(abs.call([-3], { within: request }) as number);
      }
    }
    expect([seen, told]).toEqual([[0, 1, 2, 3, 4], 5]);
    expect(call('join_left')()).toBe(15);
  });

  test('a request that is given up stops its thread for good', () => {
    leave()(session.callback('int asked(int)'), 5);
    while (!session.poll()) session.waitForNews(1000);
    const [request] = session.takeRequests();
    request!.abandon();
    expect(request!.isOpen).toBe(false);
    expect([call('thread_is_done')(), session.executor.tainted]).toEqual([0, true]);
  });

  test('a program that only waits for threads of C ends when nothing keeps it', () => {
    const program = `import { openSession } from '${new URL('../../safeffi/index.js', import.meta.url).href}';
const session = openSession({ ffi: 'native' });
const library = session.library('${fixture('callback-threads')}');
library.function('leave_thread', { returns: 'void', arguments: ['void *', 'int'] })(session.callback('int f(int)', (n) => n), 1);
process.stdout.write('over');`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], { timeout: 60_000 });
    expect(out.toString()).toBe('over');
  });
});

describe('signals', () => {
  test('a handler is a callback, in C that runs and in a lane that is idle', () => {
    const numbers: number[] = [];
    const handler = session.callback('void handler(int)', (number) => {
      numbers.push(number as number);
    });
    library.function('on_signal', { returns: 'void', arguments: ['int', 'void *'] })(12, handler);
    expect(call('raise_it', 'int')(12)).toBe(0);
    expect(numbers).toEqual([12]);
    process.kill(session.executor.pid!, 12);
    while (numbers.length < 2) {
      session.waitForNews(1000);
      session.poll();
    }
    expect(call('nap', 'int')(1)).toBe(1);
    expect(numbers).toEqual([12, 12]);
  });
});

describe('asynchronous callouts', () => {
  test('100 at once, more than there are lanes, and synchronous ones beside them', async () => {
    const nap = call('nap', 'int');
    const promises = Array.from({ length: 100 }, (_, i) => nap.async(1000 + i));
    expect(nap(1)).toBe(1);
    expect(await Promise.all(promises)).toEqual(Array.from({ length: 100 }, (_, i) => 1000 + i));
  });

  test('callbacks of theirs run on the event loop', async () => {
    const f = unary((n) => n + 1);
    const results = await Promise.all(
      Array.from({ length: 500 }, (_, i) => call('nap_and_call', 'void *', 'int').async(f, i % 10)),
    );
    expect(results).toEqual(Array.from({ length: 500 }, (_, i) => (i % 10) + 1));
  });

  test('the callback of one runs while a synchronous callout is waited for', async () => {
    let called = false;
    const f = unary((n) => {
      called = true;
      return n;
    });
    const promise = call('nap_and_call', 'void *', 'int').async(f, 1000);
    const nap = call('nap', 'int');
    while (!called) nap(1000);
    expect(await promise).toBe(1000);
  });

  test('what does not fit, errors in callbacks, faults and deadlines reject', async () => {
    expect((await rejection<CalloutError>(call('nap', 'int').async('x'))).message).toBe(
      "callout nap: argument 1 is 'x', expected int (-2147483648 to 2147483647)",
    );
    const boo = new Error('boo');
    const fails = unary(() => {
      throw boo;
    });
    expect(await rejection(call('apply', 'void *', 'int').async(fails, 1))).toBe(boo);
    const fault = await rejection<FFIFault>(call('crash', 'int').async(8));
    expect(fault.fault.kind).toBe('MemoryViolation');
    expect(fault.answer(1)).toBe(1);
    const slow = library.prepare('nap', { returns: 'int', arguments: ['int'] });
    const late = await rejection<FFIFault>(slow.async([60_000_000], { deadlineMs: 10 }));
    expect(late.message).toBe('CalloutTimeout: stopped after its deadline of 10 ms');
    late.answer(0);
    expect(await call('nap', 'int').async(1)).toBe(1);
  });

  test('the death of the executor rejects all that are under way', async () => {
    const nap = call('nap', 'int');
    const under = [nap.async(60_000_000), nap.async(60_000_000)].map((promise) => rejection<FFIFault>(promise));
    process.kill(session.executor.pid!, 'SIGKILL');
    for (const promise of under) expect((await promise).fault.kind).toBe('ExecutorDied');
    expect(await nap.async(1)).toBe(1);
  });

  test('closing the session rejects what waits', async () => {
    const promises = Array.from({ length: 20 }, () => rejection<CalloutError>(call('nap', 'int').async(60_000_000)));
    session.close();
    for (const promise of promises) expect((await promise).message).toBe('the session is closed');
  });

  test('a pending callout keeps the program alive, a settled one does not', () => {
    const program = `import { openSession } from '${new URL('../../safeffi/index.js', import.meta.url).href}';
const session = openSession({ ffi: 'native' });
const nap = session.library('${fixture('callback-threads')}').function('nap', { returns: 'int', arguments: ['int'] });
nap.async(50_000).then((n) => process.stdout.write(String(n)));`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], { timeout: 60_000 });
    expect(out.toString()).toBe('50000');
  });
});
