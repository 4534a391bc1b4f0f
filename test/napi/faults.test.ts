/**
 * Crashes through the shim: a fault is thrown by the call, whoever catches it may choose, and where nobody does the next call
 * works.
 */
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { FFIFault } from '../../safeffi/index.ts';
import ffi from '../../safeffi/napi/index.ts';
import { foreignHome } from '../../safeffi/ref/foreign-home.ts';
import ref from '../../safeffi/ref/index.ts';
import { closeSession, collectUntil, ended, faultOf, inC, thrownBy } from './in-c.ts';

const answer = inC('answer', 'int', []);
const readNull = inC('read_null', 'int', []);
const copyText = inC('copy_text', 'void', ['pointer', 'string']);
const apply = inC('apply', 'int', ['pointer', 'int']);
const generation = () => foreignHome().executor.generation;

afterEach(() => {
  expect(answer()).toBe(42);
});
afterAll(closeSession);

describe('a crash in C', () => {
  test('is thrown by the call, with the report', () => {
    const fault = faultOf(() => readNull());
    expect(fault.message).toMatch(/^MemoryViolation: read .*at 0x0/);
    expect(fault.report).toContain('read_null');
    expect(fault.fault.function).toBe('read_null');
  });

  test('of each kind leaves the next call working', () => {
    const c = ffi.Library(null, { abort: ['void', []], exit: ['void', ['int']], raise: ['int', ['int']] });
    const { abort, exit, raise } = c as Record<string, (...args: unknown[]) => unknown>;
    const kinds = [() => abort!(), () => exit!(3), () => raise!(4), () => readNull()].map((run) => {
      const { kind } = faultOf(run).fault;
      expect(answer()).toBe(42);
      return kind;
    });
    expect(kinds).toEqual(['CalloutAborted', 'CalloutAborted', 'IllegalInstruction', 'MemoryViolation']);
  });

  test('a hundred times uses up nothing', () => {
    for (let i = 0; i < 100; i++) {
      expect(faultOf(() => readNull()).fault.kind).toBe('MemoryViolation');
      expect(faultOf(() => copyText(ref.NULL, 'x')).fault.kind).toBe('MemoryViolation');
    }
  });

  test('in an asynchronous call is the error of its callback', async () => {
    const { error, result } = await ended(readNull);
    expect(error).toBeInstanceOf(FFIFault);
    expect(result).toBeUndefined();
    expect((await ended(answer)).result).toBe(42);
  });

  test('below a callback is thrown by the call within it, and by the one around where nobody catches it', () => {
    const crash = ffi.Callback('int', ['int'], (n: number) => n + (readNull() as number));
    expect(faultOf(() => apply(crash, 1)).fault.function).toBe('read_null');
    const careful = ffi.Callback('int', ['int'], (n: number) => {
      expect(faultOf(() => readNull()).fault.kind).toBe('MemoryViolation');
      return 2 * n;
    });
    expect(apply(careful, 4)).toBe(8);
  });

  test('of two levels of C and callbacks unwinds them all', () => {
    const recurse = inC('recurse', 'int', ['pointer', 'int']);
    const deeper: Buffer = ffi.Callback('int', ['int'], (n: number) => recurse(deeper, n - 1) as number);
    expect(faultOf(() => recurse(deeper, 5)).fault.function).toBe('recurse');
  });

  test('in the allocator restarts the executor, as the report advises, before the next call', () => {
    const before = generation();
    const fault = faultOf(() => inC('free_wrongly', 'void', [])());
    expect(fault.defaultChoice).toBe('restart');
    expect(generation()).toBe(before);
    expect(answer()).toBe(42);
    expect(generation()).toBe(before + 1);
  });
});

describe('who catches a fault', () => {
  test('may restart: functions are found again, callbacks live on, memory of ref stays', () => {
    const before = generation();
    const kept = ref.alloc('int', 5);
    const double = ffi.Callback('int', ['int'], (n: number) => 2 * n);
    expect(apply(double, 4)).toBe(8);
    faultOf(() => readNull()).restart();
    expect(generation()).toBe(before + 1);
    expect(apply(double, 4)).toBe(8);
    expect(inC('byte_at', 'int', ['pointer', 'int'])(kept, 0)).toBe(5);
  });

  test('may answer or retry; the next call does not do it again', () => {
    expect(faultOf(() => readNull()).answer('mine')).toBe('mine');
    const again = thrownBy(() => faultOf(() => readNull()).retry());
    expect(again).toBeInstanceOf(FFIFault);
    expect(answer()).toBe(42);
  });

  test('later than the next call comes too late', () => {
    const fault = faultOf(() => readNull());
    expect(answer()).toBe(42);
    expect(thrownBy(() => fault.answer(1)).message).toMatch(/comes too late/);
    expect(fault.report).toContain('read_null');
  });
});

describe('pointers', () => {
  test('to functions that were looked up are found again after a restart, bare ones are stale', () => {
    const bare = inC('negate_pointer', 'pointer', [])() as Buffer;
    const negate = ffi.ForeignFunction(bare, 'int', ['int']);
    expect(negate(3)).toBe(-3);
    foreignHome().session.restart();
    expect(faultOf(() => negate(3)).fault.kind).toBe('StaleAddress');
    expect(inC('negate', 'int', ['int'])(3)).toBe(-3);
  });

  test('NULL as a function is a fault when it is called', () => {
    const nothing = ffi.ForeignFunction(ref.NULL, 'int', []);
    expect(faultOf(() => nothing()).fault.kind).toBe('MemoryViolation');
  });
});

describe('a callback', () => {
  const keepFunction = inC('keep_function', 'void', ['pointer']);
  const callKept = inC('call_kept', 'int', ['int']);

  test('whose Buffer was collected while C kept it is a fault with its name', async () => {
    const make = () => {
      const pointer = ffi.Callback('int', ['int'], function forgotten(n: number) {
        return n;
      });
      keepFunction(pointer);
      expect(callKept(7)).toBe(7);
    };
    make();
    let message = '';
    await collectUntil(() => {
      try {
        callKept(8);
      } catch (error) {
        message = (error as Error).message;
      }
      return message !== '';
    });
    expect(message).toBe('ReleasedCallback: callback forgotten was released, and C called it');
  });

  test('that is in use is never collected', async () => {
    const pointer = ffi.Callback('int', ['int'], (n: number) => n + 1);
    keepFunction(pointer);
    let rounds = 0;
    await collectUntil(() => ++rounds === 5);
    expect(callKept(1)).toBe(2);
    expect(ref.isNull(pointer)).toBe(false);
  });

  test('that throws lets C go on with zero, and its call throws the error', () => {
    const seen: number[] = [];
    const refuse = ffi.Callback('int', ['int'], (n: number) => {
      seen.push(n);
      throw new RangeError('not today');
    });
    expect(thrownBy(() => inC('apply_twice', 'int', ['pointer', 'int'])(refuse, 9)).message).toBe('not today');
    expect(seen).toEqual([9, 0]);
  });

  test('whose answer does not fit is an error that says so', () => {
    const wrong = ffi.Callback('int', ['int'], () => 2 ** 40);
    expect(thrownBy(() => apply(wrong, 1)).message).toMatch(
      /^error setting return value - The value of "value" is out of range/,
    );
  });
});
