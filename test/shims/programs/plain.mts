// Compiled by types.test.ts; never run.
import ffi, { Library } from 'ffi-napi';
import ref from 'ref-napi';
import same from 'safeffi/napi';
import * as names from 'safeffi/ref';

const libm = Library('libm', { ceil: ['double', ['double']] });
const up: number = libm.ceil(1.2);
const alike: number = same.Library('libm', { ceil: ['double', ['double']] }).ceil(up);
const value: number = ref.alloc('int', alike).deref();
const text: string | null = ref.allocCString('text').readCString();
const pointer: names.Pointer<number> = names.alloc('int', value);
const code: number = ffi.errno() + pointer.address() + (text?.length ?? 0);
const given: Buffer = ffi.Callback('int', ['int', 'string'], (n, s) => n + (s?.length ?? 0) + code);
const strcpy = ffi.ForeignFunction(given, 'char *', ['char *', 'string']);
strcpy(Buffer.alloc(8), 'text');
strcpy(null, null);
