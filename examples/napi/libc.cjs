/**
 * libc and libm, as programs for ffi-napi call them: numbers, strings, Buffers that C writes into, a comparator, variable arguments,
 * errno, a call beside the event loop. At the end C is given a bad pointer.
 *
 *   node --require safeffi/register examples/napi/libc.cjs
 */
'use strict';

const ffi = require('ffi-napi');
const ref = require('ref-napi');

const intPtr = ref.refType(ref.types.int);
const libc = ffi.Library('libc.so.6', {
  strlen: ['size_t', ['string']],
  getenv: ['string', ['string']],
  strtoul: ['ulong', ['string', 'pointer', 'int']],
  qsort: ['void', ['pointer', 'size_t', 'size_t', 'pointer']],
  snprintf: ['int', ['pointer', 'size_t', 'string'], { varargs: true }],
  usleep: ['int', ['uint'], { async: true }],
  memset: ['pointer', ['pointer', 'int', 'size_t']],
});
const libm = ffi.Library('libm', { pow: ['double', ['double', 'double']], floor: ['double', ['double']] });

console.log('strlen:', libc.strlen('hello, world'));
console.log('pow and floor:', libm.pow(2, 10), libm.floor(-1.5));
process.env.GREETING = 'hello';
console.log('no such variable:', libc.getenv('NO_SUCH_VARIABLE'));

const text = Buffer.alloc(64);
const length = libc.snprintf('int', 'string', 'double')(text, text.length, '%d %s %.3f', 42, 'is the answer,', Math.PI);
console.log('snprintf:', length, JSON.stringify(text.readCString()));

const numbers = Int32Array.of(31, -4, 15, 92, 6, 53);
const compare = ffi.Callback('int', [intPtr, intPtr], (a, b) => a.deref() - b.deref());
libc.qsort(Buffer.from(numbers.buffer), numbers.length, numbers.BYTES_PER_ELEMENT, compare);
console.log('qsort:', [...numbers].join(' '));

libc.strtoul('123456789012345678901234567890', ref.NULL, 10);
console.log('errno after a number that is too large:', ffi.errno());

// A program that waits for C elsewhere goes on here.
libc.usleep(1000, (error, result) => {
  console.log('usleep answered', result, 'with', error);
  crash();
});
console.log('usleep was started');

function crash() {
  const wild = ref.alloc('size_t', '0x1000').readPointer(0);
  try {
    libc.memset(wild, 0, 16);
  } catch (fault) {
    console.log(`C crashed: ${fault.name}, ${fault.message}`);
  }
  console.log('and the program goes on:', libc.strlen('still here'));
}
