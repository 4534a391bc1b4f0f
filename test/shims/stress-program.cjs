/**
 * `node --expose-gc stress-program.cjs CASE LIBRARY`: one case of the stress tests, printed as JSON. SAFEFFI_NAPI says in which mode. Each case goes on
 * with a call that works.
 */
'use strict';

const { join } = require('node:path');
const root = join(__dirname, '../..');
const ffi = require(join(root, 'shims/napi.cjs'));
const ref = require(join(root, 'shims/ref.cjs'));

const [name, library] = process.argv.slice(2);
const c = ffi.Library(library, {
  ask: ['int', ['pointer']],
  work: ['int', ['int', 'int', 'pointer']],
  apply: ['int', ['pointer', 'int']],
  read_int: ['int', ['pointer']],
  keep: ['void', ['pointer']],
  call_kept: ['int', ['int']],
  call_kept_on_thread: ['int', ['int']],
});
const collect = globalThis.gc;
const bound = 200;

const async = (fn, ...args) =>
  new Promise((resolve, reject) => fn.async(...args, (error, value) => (error ? reject(error) : resolve(value))));
const turn = () => new Promise((resolve) => setImmediate(resolve));
const caught = (run) => {
  try {
    return { answered: run() };
  } catch (error) {
    return { name: error.name, kind: error.fault?.kind ?? null, message: error.message.replace(/0x[0-9a-f]+/g, 'N') };
  }
};
const square = (n) => n * n;
const squarePointer = ffi.Callback('int', ['int'], square);
const works = () => c.apply(squarePointer, 12) === 144;

/** Until weak references lead to nothing any more, but for one that a frame may still hold. */
async function collected(weak, held = 0) {
  for (let i = 0; i < bound; i++) {
    // Looking at a weak reference keeps what it leads to until the turn ends.
    await turn();
    collect();
    if (weak.filter((one) => one.deref() !== undefined).length <= held) return;
  }
  throw new Error(`${weak.filter((one) => one.deref()).length} are alive after ${bound} collections`);
}

const cases = {
  async 'asynchronous callbacks'() {
    let left = 30_000;
    const say = ffi.Callback('string', ['string'], (text) => (text === 'more?' && --left > 0 ? 'yes' : 'no'));
    return { count: await async(c.ask, say), left };
  },

  async 'calls at once'() {
    const call = ffi.Callback('int', ['int'], (n) => 2 * n);
    const calls = Array.from({ length: 100 }, (_, i) => async(c.work, i, 1000, i % 2 === 0 ? call : ref.NULL));
    const answers = await Promise.all(calls);
    return { wrong: answers.filter((answer, i) => answer !== (i % 2 === 0 ? 2 * i : i)).length, count: answers.length };
  },

  async 'calls at once, some of which crash'() {
    const wild = ref.alloc('size_t', 16).readPointer(0);
    const good = ref.alloc('int', 7);
    const calls = Array.from({ length: 40 }, (_, i) => async(c.read_int, i % 4 === 0 ? wild : good));
    const ends = await Promise.allSettled(calls);
    return {
      faults: ends.filter(({ reason }) => reason?.name === 'FFIFault').length,
      answers: ends.filter(({ value }) => value === 7).length,
    };
  },

  async 'live callbacks'() {
    // One more is there already.
    const run = () => {
      const live = Array.from({ length: 7999 }, (_, i) => ffi.Callback('int', ['int'], (n) => n + i));
      let wrong = 0;
      for (const [i, pointer] of live.entries()) if (c.apply(pointer, 1) !== i + 1) wrong++;
      return { wrong, weak: live.map((pointer) => new WeakRef(pointer)) };
    };
    const first = run();
    await collected(first.weak, 1);
    // Their places are free when this process has been told of the collection.
    for (let i = 0; ; i++) {
      try {
        return { wrong: first.wrong + run().wrong };
      } catch (error) {
        if (error.code !== 'no-callback' || i === bound) throw error;
        await turn();
        collect();
      }
    }
  },

  async 'collections at every step'() {
    let wrong = 0;
    for (let i = 0; i < 40; i++) {
      const numbers = ref.alloc('int', i);
      const pointer = numbers.ref();
      const call = ffi.Callback('int', ['int'], (n) => {
        collect();
        return n + numbers.deref();
      });
      collect();
      if (c.apply(call, i) !== 2 * i || c.read_int(numbers) !== i || pointer.deref().deref() !== i) wrong++;
      if (i % 10 === 0 && (await async(c.work, i, 10, call)) !== 2 * i) wrong++;
      collect();
    }
    return { wrong };
  },

  async 'a fault in a call'() {
    return caught(() => c.read_int(ref.NULL));
  },

  async 'a fault in an asynchronous call'() {
    const [end] = await Promise.allSettled([async(c.read_int, ref.NULL)]);
    return caught(() => {
      if (end.status === 'rejected') throw end.reason;
    });
  },

  async 'a fault in a callback'() {
    const seen = [];
    const crash = ffi.Callback('int', ['int'], (n) => {
      seen.push(caught(() => c.read_int(ref.NULL)).kind);
      return n + c.read_int(ref.NULL);
    });
    return { inside: seen, outside: caught(() => c.apply(crash, 1)) };
  },

  async 'a fault below two callbacks'() {
    const inner = ffi.Callback('int', ['int'], () => c.read_int(ref.NULL));
    const outer = ffi.Callback('int', ['int'], (n) => c.apply(inner, n));
    return caught(() => c.apply(outer, 1));
  },

  async 'an error in a callback'() {
    const refuse = ffi.Callback('int', ['int'], () => {
      throw new RangeError('not today');
    });
    return caught(() => c.apply(refuse, 1));
  },

  async 'a callback on a thread'() {
    const main = ffi.Callback('int', ['int'], (n) => n * 3);
    c.keep(main);
    const answers = [await async(c.call_kept_on_thread, 5)];
    // In direct mode this thread waits in C for one that waits for it, as with the original.
    if (process.env.SAFEFFI_NAPI === 'safe') answers.push(c.call_kept_on_thread(6));
    return { answers, alive: main.length };
  },

  async 'a callback that was collected'() {
    const make = () => {
      const pointer = ffi.Callback('int', ['int'], function forgotten(n) {
        return n;
      });
      c.keep(pointer);
      return { answer: c.call_kept(4), weak: [new WeakRef(pointer)] };
    };
    const { answer, weak } = make();
    await collected(weak);
    // What lets C know that it is gone runs after the collection.
    let end = caught(() => c.call_kept(5));
    for (let i = 0; i < bound && 'answered' in end; i++) {
      collect();
      await turn();
      end = caught(() => c.call_kept(5));
    }
    return { answer, end };
  },
};

(async () => {
  const result = await cases[name]();
  process.stdout.write(JSON.stringify({ result, works: works() }));
})();
