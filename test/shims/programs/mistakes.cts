// Compiled by types.test.ts; never run.
import * as ffi from 'ffi-napi';
import * as ref from 'ref-napi';

const libm = ffi.Library('libm', { ceil: ['double', ['double']], name: ['string', ['int']] });
// @ts-expect-error a string for a double
libm.ceil('1');
// @ts-expect-error an argument is missing
libm.ceil();
// @ts-expect-error one argument too many
libm.ceil(1, 2);
// @ts-expect-error there is no such function
libm.floor(1);
// @ts-expect-error the result is a number
const text: string = libm.ceil(1);
// @ts-expect-error the result may be null
const sure: string = libm.name(1);
// @ts-expect-error the asynchronous result is a number
libm.ceil.async(1, (_error: unknown, value: string) => value);
// @ts-expect-error the callback gets a number
ffi.Callback('int', ['int'], (given: string) => given.length);
// @ts-expect-error the callback answers a number
ffi.Callback('int', ['int'], () => 'text');
// @ts-expect-error a function has a result and arguments
ffi.Library('libm', { ceil: ['double'] });
// @ts-expect-error a path is a string
new ffi.DynamicLibrary(3);
// @ts-expect-error a string for an int
ref.alloc('int', 'text');
// @ts-expect-error there is no such type
ref.types.integer;
// @ts-expect-error a number has no address
ref.address(3);
export = [text, sure];
