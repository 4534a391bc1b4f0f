/**
 * Callbacks of the native executor for AArch64, in an emulator: nesting, errors, faults, jumps, requests, threads that C made,
 * signal handlers. Arguments and results of random signatures: callbacks-abi.test.ts.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type ArgumentValue,
  type Callback,
  type CallbackFunction,
  type CallbackOptions,
  type CType,
  type Executor,
  functionOf,
  makeSignature,
  parseType,
  pointerTo,
  type ResultValue,
  structOf,
} from '../../safeffi/index.ts';
import { eventually, eventuallyInTurns } from '../eventually.ts';
import { aarch64, openAarch64 } from './aarch64.ts';
import { aarch64Missing } from './abi-executors.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

const [int, long, float, double, none, pointer] = ['int', 'long', 'float', 'double', 'void', 'void *'].map((name) =>
  parseType(name),
) as [CType, CType, CType, CType, CType, CType];
const record = (name: string, ...types: CType[]) =>
  structOf(
    `struct ${name}`,
    types.map((type, i) => ({ name: `f${i}`, type })),
  );
const unary = makeSignature('unary', int, [int]);
const unaryPointer = pointerTo(functionOf(unary));

(aarch64Missing === undefined ? describe : describe.skip)('in the emulator', () => {
  let executor: Executor;
  const reported: unknown[] = [];
  const bind = (library: string) => {
    const path = fixture(library, aarch64);
    return (name: string, returns: CType, ...types: CType[]) =>
      executor.prepare(path, name, makeSignature(name, returns, types));
  };
  const callbacks = bind('callbacks');
  const threads = bind('callback-threads');
  const callback = (fn: CallbackFunction | undefined, options?: CallbackOptions): Callback =>
    executor.callback('f', unary, fn, options);
  const call = (name: string, f: Callback, n: number) => callbacks(name, int, unaryPointer, int).call([f, n]);

  beforeAll(() => {
    executor = openAarch64({ onCallbackError: (error) => reported.push(error) });
  });
  afterAll(() => executor.close());
  afterEach(() =>
    expect(
      call(
        'apply',
        callback((n) => (n as number) + 1),
        41,
      ),
    ).toBe(42),
  );

  test('callouts nest in callbacks, 50 deep, and all come back', () => {
    const apply = callbacks('apply', int, unaryPointer, int);
    const down: Callback = callback((n) => (n === 0 ? 0 : (apply.call([down, (n as number) - 1]) as number) + 1));
    expect(apply.call([down, 50])).toBe(50);
  });

  test('a thousand callbacks of one callout, each answered', () => {
    expect(
      call(
        'sum_of',
        callback((n) => n as number),
        1000,
      ),
    ).toBe(499_500);
  });

  test('registers of both kinds and the stack', () => {
    const char = parseType('unsigned char');
    const short = parseType('short');
    const types = [int, double, float, long, short, double, char, long, int, long, long, double, float];
    const all = [...types, double, double, double, double, double, int];
    let seen: ResultValue[] = [];
    const f = executor.callback('f', makeSignature('f', double, all), (...args) => {
      seen = args;
      return 0.125;
    });
    expect(callbacks('mixed', double, pointerTo(functionOf(makeSignature('f', double, all)))).call([f])).toBe(0.125);
    expect(seen).toEqual([-1, 2.5, 3.5, -4e9, -5, 6.25, 7, 8, 9, 10, 11, 12.5, 13.5, 14, 15, 16, 17, 18.75, -19]);
  });

  test('records in registers, and by the address of a copy with a result behind x8', () => {
    for (const [name, type] of [
      ['call_small', record('small', int, float)],
      ['call_big', record('big', long, long, long, double)],
    ] as const) {
      const signature = makeSignature('f', type, [type, int]);
      let copy: Uint8Array | undefined;
      const f = executor.callback('f', signature, (value, n) => {
        expect(n).toBe(7);
        copy = value as Uint8Array;
        return value;
      });
      const answer = callbacks(name, type, pointerTo(functionOf(signature)), int).call([f, 7]) as Uint8Array;
      expect(answer).toEqual(copy);
      expect(new DataView(answer.buffer).getInt32(0, true)).toBe(7);
    }
  });

  test('an error of the function abandons the C frames; with onError C gets that value', () => {
    const failing = () => {
      throw new Error('no');
    };
    const before = callbacks('left', int).invoke() as number;
    expect(() => call('guarded', callback(failing), 1)).toThrow('no');
    expect(callbacks('left', int).invoke()).toBe(before + 1);
    expect(call('guarded', callback(failing, { onError: 9 }), 1)).toBe(9);
    expect(callbacks('left', int).invoke()).toBe(before + 1);
  });

  test('a fault in C that a callback called, and in C that called one', () => {
    const crash = callbacks('crash', int, int);
    const f = callback(() => faultOf(() => crash.invoke(8)).answer(3) as number);
    expect(call('apply', f, 1)).toBe(3);
    expect(faultOf(() => call('crash_after', f, 1)).answer(5)).toBe(5);
  });

  test('a released callback that is called is a fault with its name', () => {
    const f = callback(() => 1);
    callbacks('keep', none, unaryPointer).call([f]);
    f.release();
    const caught = faultOf(() => callbacks('call_kept', int, int).invoke(1));
    expect(caught.fault).toMatchObject({
      kind: 'ReleasedCallback',
      summary: 'callback f was released, and C called it',
    });
    expect(caught.answer(6)).toBe(6);
  });

  test('C may jump over callbacks: their callouts end with an error, the outer one goes on', () => {
    const codes: string[] = [];
    const jump = callbacks('jump_away', none);
    const apply = callbacks('apply', int, unaryPointer, int);
    const note = (run: () => ResultValue) => {
      try {
        return run();
      } catch (error) {
        codes.push((error as { code: string }).code);
        throw error;
      }
    };
    const inner = callback(() => note(() => jump.invoke()));
    const outer = callback((n) => note(() => apply.call([inner, n as number])));
    expect(call('with_way_out', inner, 1)).toBe(-1);
    expect(call('with_way_out', outer, 1)).toBe(-1);
    expect(codes).toEqual(['callout-left', 'callout-left', 'callout-left']);
  });

  test('a callback without a function is a request, answered later, callouts within it on its thread', () => {
    const f = callback(undefined);
    const pending = callbacks('guarded', int, unaryPointer, int).start([f, 20]);
    expect(eventually(() => pending.poll(), true)).toBe(true);
    const request = pending.callback()!;
    expect(request.args).toEqual([20]);
    const nested = callbacks('apply', int, unaryPointer, int);
    expect(nested.call([callback((n) => 2 * (n as number)), 4], { within: request })).toBe(8);
    request.return(21);
    expect(eventually(() => pending.poll(), true)).toBe(true);
    expect(pending.result()).toBe(21);
  });

  test('threads that C made call back while the callout waits for them', () => {
    const all: ArgumentValue[] = [callback((n) => (n as number) + 1), 4, 25];
    expect(threads('on_threads', int, unaryPointer, int, int).call(all)).toBe(4 * 325);
  });

  test('and after it has returned, on the event loop', async () => {
    const seen: number[] = [];
    threads('leave_thread', none, unaryPointer, int).call([callback((n) => seen.push(n as number)), 5]);
    const done = threads('thread_is_done', int);
    expect(await eventuallyInTurns(() => [done.invoke(), ...seen], [1, 0, 1, 2, 3, 4])).toEqual([1, 0, 1, 2, 3, 4]);
    expect(threads('join_left', int).invoke()).toBe(15);
  });

  test('arguments in registers and on the stack of such a thread', () => {
    const types = [int, double, long, long, long, long, long, long, double, int];
    let seen: ResultValue[] = [];
    const signature = makeSignature('f', double, types);
    const f = executor.callback('f', signature, (...args) => {
      seen = args;
      return 0.25;
    });
    expect(threads('wide_on_thread', double, pointerTo(functionOf(signature))).call([f])).toBe(0.25);
    expect(seen).toEqual([-1, 2.5, 3, 4, 5, 6, 7, 8, 9.5, -10]);
  });

  test('an error on such a thread is reported, and C gets zero', () => {
    const f = callback(() => {
      throw new Error('on a thread');
    });
    expect(threads('on_threads', int, unaryPointer, int, int).call([f, 1, 2])).toBe(0);
    expect(reported.splice(0)).toEqual([new Error('on a thread'), new Error('on a thread')]);
  });

  test('a signal handler is a callback, in C that runs and in a lane that is idle', () => {
    const handler = makeSignature('handler', none, [int]);
    const seen: ResultValue[] = [];
    const f = executor.callback('handler', handler, (number) => void seen.push(number));
    threads('on_signal', none, int, pointerTo(functionOf(handler))).call([10, f]);
    expect(threads('raise_it', int, int).invoke(10)).toBe(0);
    process.kill(executor.pid!, 'SIGUSR1');
    const look = () => {
      executor.poll();
      return seen;
    };
    expect(eventually(look, [10, 10])).toEqual([10, 10]);
  });

  test('a restart within a callback ends the callout, and nothing else', () => {
    const f = callback(() => {
      executor.restart();
      return 1;
    });
    expect(faultOf(() => call('apply', f, 1)).fault.kind).toBe('ExecutorDied');
  });

  test('pointers of arguments are addresses of the process', () => {
    const signature = makeSignature('f', int, [pointer]);
    const f = executor.callback('f', signature, () => 5);
    expect(f.address.generation).toBe(executor.generation);
  });
});
