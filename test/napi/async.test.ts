/**
 * Asynchronous calls of the shim, with callbacks that call C themselves.
 */
import { afterAll, afterEach, expect, test } from '@jest/globals';
import ffi from '../../safeffi/napi/index.ts';
import ref from '../../safeffi/ref/index.ts';
import { closeSession, ended, inC } from './in-c.ts';

const applyOften = inC('apply_often', 'int', ['pointer', 'int']);
const slowly = inC('slowly', 'int', ['int']);

afterEach(() => {
  expect(inC('answer', 'int', [])()).toBe(42);
});
afterAll(closeSession);

test('a callback of an asynchronous call may call C for longer than anybody looks', async () => {
  const slow = ffi.Callback('int', ['int'], (n: number) => slowly(n) as number);
  expect(await ended(applyOften, slow, 5)).toEqual({ error: null, result: 10 });
});

test('three hundred callbacks of one asynchronous call read and answer strings', async () => {
  const texts = new Set<string>();
  const collect = ffi.Callback('string', ['string'], (text: string) => {
    texts.add(text);
    return `${text}!`;
  });
  const applyText = inC('apply_text', 'string', ['pointer', 'string']);
  const inner = ffi.Callback('int', ['int'], (n: number) => (applyText(collect, `n${n}`) as string).length);
  const { result } = await ended(applyOften, inner, 300);
  expect(texts.size).toBe(300);
  expect(result).toBe([...texts].reduce((sum, text) => sum + text.length + 1, 0));
});

test('forty calls at once, more than there are threads, each carry their Buffers over', async () => {
  const fill = inC('fill', 'void', ['pointer', 'int', 'int']);
  const buffers = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? Buffer.alloc(100) : ref.alloc('int64')));
  const waiting = Array.from({ length: 20 }, (_, i) => ended(slowly, i));
  await Promise.all(buffers.map((buffer, i) => ended(fill, buffer, i, buffer.length)));
  for (const [i, buffer] of buffers.entries()) expect(buffer.every((byte) => byte === i)).toBe(true);
  expect((await Promise.all(waiting)).map(({ result }) => result)).toEqual(waiting.map((_, i) => i));
});

test('an error of a callback of an asynchronous call is thrown on the event loop, and C goes on', async () => {
  const { nextTick } = process;
  const thrown = new Promise((resolve) => {
    // What is thrown there would end the test's process.
    process.nextTick = ((run: (...args: unknown[]) => void, ...args: unknown[]) => {
      nextTick(() => {
        try {
          run(...args);
        } catch (error) {
          resolve(error);
        }
      });
    }) as typeof nextTick;
  });
  const refuse = ffi.Callback('int', ['int'], () => {
    throw new RangeError('not today');
  });
  const call = ended(applyOften, refuse, 1);
  expect(String(await thrown)).toBe('RangeError: not today');
  expect(await call).toEqual({ error: null, result: 0 });
  process.nextTick = nextTick;
});
