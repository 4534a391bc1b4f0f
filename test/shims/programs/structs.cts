// Compiled by types.test.ts; never run. Uses what @types/ffi-napi, @types/ref-napi and @types/ref-struct-di have.
import * as ffi from 'ffi-napi';
import * as ref from 'ref-napi';
import StructType = require('ref-struct-di');

const Struct = StructType(ref);
const timeval = Struct({ tv_sec: 'long', tv_usec: ref.types.long });
const timevalPointer = ref.refType(timeval);

const lib = ffi.Library('libm', {
  ceil: ['double', ['double']],
  slow: ['int', ['string', 'pointer'], { async: true }],
  printf: ['int', ['string'], { varargs: true }],
  gettimeofday: ['int', [timevalPointer, 'pointer']],
});
const up: number = lib.ceil(1.5);
lib.ceil.async(up, (error: unknown, value: number) => [error, value]);
lib.slow('a', ref.NULL, (error: unknown, value: number) => [error, value.toFixed()]);
const printed: number = lib.printf('int', 'double')('%d %f', 3, 2.5);

const now = new timeval({ tv_sec: printed });
lib.gettimeofday(now.ref(), ref.NULL);
const seconds: string | number = now.tv_sec;

const add = ffi.Callback('int', ['int', 'pointer'], (n, p) => n + p.length);
const log = new ffi.Callback('void', ['string'], (text) => {
  text?.concat(String(seconds));
});
const type = ffi.Function('int', ['int']);
const called: number = type.toFunction(add)(3);
const made: ffi.ForeignFunction<number, [number]> = ffi.ForeignFunction(log, 'int', ['int']);
const value: number = ref.alloc('int', called).deref();
const library: ffi.DynamicLibrary = new ffi.DynamicLibrary('libc.so.6', ffi.RTLD_NOW);
const address: number = library.get('abs').readPointer(0).address();
const rest: ref.UnderlyingType<'int *'> = ref.alloc('int', made(value + address));
const isNull: boolean = ref.isNull(rest) || ref.NULL.isNull();
export = isNull;
