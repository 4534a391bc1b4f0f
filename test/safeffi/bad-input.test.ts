/**
 * Whatever is wrong in what a caller gives, the error says which argument of what, what came and what was expected, and
 * nothing is half done. One table for all executors; JavaScript callers know no types, hence `wrong`.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Address,
  arrayOf,
  CalloutError,
  type DeclaredFunctions,
  FFIFault,
  type Library,
  openSession,
  parseDeclarations,
  parseSignature,
  parseType,
  type Session,
  structOf,
  typed,
} from '../../safeffi/index.ts';

/** A value of any type, as JavaScript would pass it. */
const wrong = (value: unknown) => value as never;

let session: Session;
let libc: Library;
let c: DeclaredFunctions & ReturnType<Library['declare']>;

const declared = `int abs(int n); size_t strlen(const char *s); struct p { int x; char name[4]; };
int snprintf(char *t, size_t n, const char *f, ...);`;
const int = { returns: 'int', arguments: ['int'] };
const abs = (...args: unknown[]) => libc.function('abs', int)(...(args as never[]));
const prepared = () => libc.prepare('abs', int);
const record = () => c.struct('p');
const with_ = (options: unknown) => openSession(wrong(options)).library('libc.so.6');
const text = 'const char * (an address, a String, a ByteArray or nil)';
const intRange = 'int (-2147483648 to 2147483647)';
const sizes = 'a number of bytes from 0 to 8589934592';
const sessionOptions =
  'ffi, deadlineMs, strings, pendAfterMs, spin, onCallbackError, onCallbackRequest, environment, limits, confine, spare, checkpoint, domains';

type Row = readonly [what: string, run: () => unknown, message: string];

const sessions: readonly Row[] = [
  ['options', () => openSession(wrong(5)), `the options are 5, expected an object with any of ${sessionOptions}`],
  [
    'an option that is none',
    () => with_({ deadline: 5 }),
    `option deadline is 5, expected one of the options ${sessionOptions}`,
  ],
  ['ffi', () => with_({ ffi: 'fast' }), "option ffi is 'fast', expected one of safe, native, portable, direct"],
  ['deadlineMs', () => with_({ deadlineMs: -1 }), 'option deadlineMs is -1, expected milliseconds, more than 0'],
  [
    'deadlineMs as text',
    () => with_({ deadlineMs: '5' }),
    "option deadlineMs is '5', expected milliseconds, more than 0",
  ],
  [
    'deadlineMs NaN',
    () => with_({ deadlineMs: Number.NaN }),
    'option deadlineMs is NaN, expected milliseconds, more than 0',
  ],
  ['strings', () => with_({ strings: 'utf16' }), "option strings is 'utf16', expected text or bytes"],
  ['spin', () => with_({ spin: 'yes' }), "option spin is 'yes', expected true or false"],
  ['environment', () => with_({ environment: 5 }), 'option environment is 5, expected an object'],
  ['environment value', () => with_({ environment: { A: 5 } }), 'option environment.A is 5, expected a String'],
  [
    'environment name',
    () => with_({ environment: { 'A=B': '' } }),
    "option environment is 'A=B', expected names without = and NUL",
  ],
  [
    'environment NUL',
    () => with_({ environment: { A: 'x\0y' } }),
    "option environment.A is 'x\\0y', expected a String without a NUL",
  ],
  ['callback error', () => with_({ onCallbackError: 1 }), 'option onCallbackError is 1, expected a function'],
];

const libraries: readonly Row[] = [
  ['no name', () => session.library(wrong(undefined)), 'the name of the library is undefined, expected a String'],
  [
    'a name with a NUL',
    () => session.library('libc.so.6\0x'),
    "the name of the library is 'libc.so.6\\0x', expected a String without a NUL",
  ],
  [
    'options',
    () => session.library('libc.so.6', wrong({ domian: 'x' })),
    "option domian is 'x', expected one of the options domain, checkpoint",
  ],
  [
    'function name',
    () => libc.function(wrong(5), int),
    'library libc.so.6: the name of the function is 5, expected a String',
  ],
  [
    'function name with a NUL',
    () => libc.function('abs\0', int),
    "library libc.so.6: the name of the function is 'abs\\0', expected a String without a NUL",
  ],
  [
    'empty function name',
    () => libc.function('', int),
    "library libc.so.6: the name of the function is '', expected a name",
  ],
  [
    'symbol name',
    () => libc.symbol(wrong(null)),
    'library libc.so.6: the name of the symbol is nil, expected a String',
  ],
  [
    'no signature',
    () => libc.function('abs', wrong(undefined)),
    'callout abs: the signature is undefined, expected { returns, arguments }',
  ],
  [
    'a signature as text',
    () => libc.function('abs', wrong('int(int)')),
    "callout abs: the signature is 'int(int)', expected { returns, arguments }",
  ],
  [
    'no result type',
    () => libc.function('abs', wrong({ arguments: [] })),
    'callout abs: returns is undefined, expected a C type as text',
  ],
  [
    'no argument types',
    () => libc.function('abs', wrong({ returns: 'int' })),
    'callout abs: arguments is undefined, expected an array of C types as text',
  ],
  [
    'an argument type',
    () => libc.function('abs', wrong({ returns: 'int', arguments: [5] })),
    'callout abs: the type of argument 1 is 5, expected a C type as text',
  ],
  [
    'too many names',
    () => libc.function('abs', { ...int, argumentNames: ['a', 'b'] }),
    'callout abs: argumentNames is 2 names, expected at most 1, one an argument',
  ],
  [
    'an unknown type',
    () => libc.function('abs', { returns: 'integer', arguments: [] }),
    "'integer' is not a C type known here: there is no type named integer",
  ],
  [
    'void as an argument',
    () => libc.function('abs', { returns: 'int', arguments: ['void', 'int'] }),
    'callout abs: argument 1 is declared void',
  ],
  ['declarations', () => libc.declare(wrong(5)), 'the declaration is 5, expected C declarations as a String'],
  [
    'declaration options',
    () => libc.declare('int abs(int);', wrong({ packed: 1 })),
    'option packed is 1, expected true or false',
  ],
];

const calls: readonly Row[] = [
  ['too few', () => abs(), 'callout abs: 0 given, expected 1 argument'],
  ['too many', () => abs(1, 2), 'callout abs: 2 given, expected 1 argument'],
  ['undefined', () => abs(undefined), `callout abs: argument 1 is undefined, expected ${intRange}`],
  ['NaN', () => abs(Number.NaN), `callout abs: argument 1 is NaN, expected ${intRange}`],
  ['an object', () => abs({}), `callout abs: argument 1 is an instance of Object, expected ${intRange}`],
  ['a symbol', () => abs(Symbol('x')), `callout abs: argument 1 is a symbol, expected ${intRange}`],
  ['out of range', () => abs(10n ** 20n), `callout abs: argument 1 is 100000000000000000000, expected ${intRange}`],
  [
    'no array',
    () => prepared().call(wrong(undefined)),
    'callout abs: the arguments are undefined, expected an array of 1',
  ],
  [
    'start without an array',
    () => prepared().start(wrong('x')),
    "callout abs: the arguments are 'x', expected an array of 1",
  ],
  [
    'a deadline',
    () => prepared().call([1], { deadlineMs: 0 }),
    'option deadlineMs is 0, expected milliseconds, more than 0',
  ],
  ['call options', () => prepared().call([1], wrong(5)), 'the options are 5, expected an object of options'],
  [
    'a time to wait',
    () => prepared().start([1]).wait(wrong('x')),
    "callout abs: the time to wait is 'x', expected milliseconds from 0 on",
  ],
  ['a number for text', () => c.strlen!(5), `callout strlen: argument 1 is 5, expected ${text}`],
  [
    'an ArrayBuffer',
    () => c.strlen!(new ArrayBuffer(8)),
    `callout strlen: argument 1 is an instance of ArrayBuffer, expected ${text}`,
  ],
  [
    'a function pointer',
    () => session.executor.prepareAddress(wrong(5), 'f', prepared().signature),
    'callout f: the function is 5, expected an Address',
  ],
  ['variable arguments too few', () => c.snprintf!(null), 'callout snprintf: 1 given, expected 3 or more arguments'],
  [
    'a variable argument without a type',
    () => c.snprintf!(null, 0, '%d', 5),
    "callout snprintf: argument 4 is 5, expected typed('int', 5) or typed('double', 5): its type is not declared",
  ],
  [
    'a typed argument',
    () => typed('integer', 5),
    "'integer' is not a C type known here: there is no type named integer",
  ],
  [
    'a typed argument without a type',
    () => typed(wrong(5), 5),
    "'5' is not a C type known here: expected a C type as text",
  ],
];

const memory: readonly Row[] = [
  [
    'an address',
    () => session.address(1.5),
    'the address is 1.5, expected an integer from 0 to 18446744073709551615, a bigint beyond 2^53 - 1',
  ],
  [
    'a negative address',
    () => session.address(-1),
    'the address is -1, expected an integer from 0 to 18446744073709551615, a bigint beyond 2^53 - 1',
  ],
  ['read where', () => session.memory.read(wrong(5), 5), 'the address to read is 5, expected an Address'],
  ['read how much', () => session.memory.read(session.address(4096), -1), `the size to read is -1, expected ${sizes}`],
  [
    'read without a size',
    () => session.memory.read(session.address(4096), wrong(undefined)),
    `the size to read is undefined, expected ${sizes}`,
  ],
  [
    'read all',
    () => session.memory.read(session.address(4096), 2 ** 50),
    `the size to read is 1125899906842624, expected ${sizes}`,
  ],
  [
    'write where',
    () => session.memory.write(wrong(null), new Uint8Array(1)),
    'the address to write is nil, expected an Address',
  ],
  [
    'write what',
    () => session.memory.write(session.memory.allocate(8), wrong('abc')),
    "what is to be written is 'abc', expected bytes (a typed array or a DataView)",
  ],
  ['free what', () => session.memory.free(wrong(5)), 'the address to free is 5, expected an Address'],
  [
    'a string where',
    () => session.memory.readCString(wrong(undefined)),
    'the address of the string is undefined, expected an Address',
  ],
  [
    'a string up to',
    () => session.memory.readCString(session.address(4096), -1),
    `the limit of the string is -1, expected ${sizes}`,
  ],
  [
    'allocate',
    () => session.memory.allocate(-1),
    'callout calloc: argument 2 is -1, expected size_t (0 to 18446744073709551615)',
  ],
];

const types: readonly Row[] = [
  ['a type', () => parseType(wrong(5)), "'5' is not a C type known here: expected a C type as text"],
  [
    'a signature',
    () => parseSignature('f', wrong(5)),
    'callout f: the signature is 5, expected { returns, arguments }',
  ],
  ['declarations', () => parseDeclarations(wrong(null)), 'the declaration is nil, expected C declarations as a String'],
  [
    'members',
    () => structOf('p', wrong(undefined)),
    "'p' is not a C type known here: its members are undefined, expected an array",
  ],
  [
    'an array',
    () => arrayOf(parseType('int'), -1),
    "'int[-1]' is not a C type known here: an array has one element or more",
  ],
  [
    'a record that is not declared',
    () => c.struct('q'),
    "'struct q' is not a C type known here: it is not among these declarations",
  ],
  ['a field that is none', () => record().toBytes({ z: 1 }), 'struct p has a field z, expected struct p (x, name)'],
  ['a field', () => record().toBytes({ x: 'a' }), `struct p.x is 'a', expected ${intRange}`],
  [
    'a text that is too long',
    () => record().toBytes({ name: 'abcdefgh' }),
    "struct p.name is 'abcdefgh', expected char[4] (at most 4 bytes, the String has 8)",
  ],
  [
    'bytes too few',
    () => record().fromBytes(new Uint8Array(2)),
    'the bytes of struct p is a ByteArray of 2 bytes, expected at least 8 bytes',
  ],
  [
    'no bytes',
    () => record().fromBytes(wrong(5)),
    'the bytes of struct p is 5, expected bytes (a typed array or a DataView)',
  ],
  ['a view of too few', () => record().view(new Uint8Array(2)), 'a view of struct p needs 8 bytes, 2 were given'],
  [
    'a field of a view',
    () => Object.assign(record().view(), { x: 2 ** 40 }),
    `struct p.x is 1099511627776, expected ${intRange}`,
  ],
  [
    'a callback type',
    () => session.callback(wrong(5), () => 1),
    "'5' is not a C type known here: expected a C function type as text, or { returns, arguments }",
  ],
  [
    'a callback function',
    () => session.callback('int f(int a)', wrong(5)),
    'callback f: its function is 5, expected a function',
  ],
  [
    'a batch of what',
    () => session.batch(wrong(5), 5),
    'the function of the batch is 5, expected a function of a library, or a prepared callout',
  ],
  [
    'a batch of none',
    () => session.batch(prepared(), 0),
    'batch of abs: its capacity is 0, expected an integer from 1 on',
  ],
];

function refusal(run: () => unknown): CalloutError {
  try {
    run();
  } catch (error) {
    if (error instanceof CalloutError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  beforeAll(() => {
    session = openSession({ ffi });
    libc = session.library('libc.so.6');
    c = libc.declare(declared);
  });
  afterEach(() => expect(abs(-3)).toBe(3));
  afterAll(() => session.close());

  const tables = { session: sessions, library: libraries, call: calls, memory, type: types };
  for (const [table, rows] of Object.entries(tables))
    test.each(rows.map(([what, run, message]) => [`${table}: ${what}`, run, message] as const))(
      '%s',
      (_what, run, message) => {
        const error = refusal(run);
        expect(error.message).toBe(message);
        expect(error.code).toMatch(/^[a-z-]+$/);
      },
    );

  test('what is closed says so', () => {
    const other = openSession({ ffi });
    const library = other.library('libc.so.6');
    const call = library.function('abs', int);
    const { callout } = call;
    other.close();
    other.close();
    expect(refusal(() => other.library('libm.so.6')).message).toBe('the session is closed');
    expect(refusal(() => other.restart()).message).toBe('the session is closed');
    if (ffi === 'direct') return; // its process is this one, and goes on
    for (const run of [
      () => call(1),
      () => callout.call([1]),
      () => callout.start([1]),
      () => library.prepare('labs', int),
    ])
      expect(refusal(run).code).toBe('closed');
  });
});

describe('resolutions', () => {
  beforeAll(() => {
    session = openSession({ ffi: 'native' });
    c = session.library('libc.so.6').declare(declared);
  });
  afterAll(() => session.close());

  const fault = (): FFIFault => {
    try {
      c.strlen!(null);
    } catch (error) {
      if (error instanceof FFIFault) return error;
      throw error;
    }
    throw new Error('nothing faulted');
  };

  test('arguments that do not fit are refused and the fault stands as it was', () => {
    const caught = fault();
    expect(refusal(() => caught.retryWith([5])).message).toBe(`callout strlen: argument 1 is 5, expected ${text}`);
    expect(refusal(() => caught.retryWith([])).message).toBe('callout strlen: 0 given, expected 1 argument');
    expect(refusal(() => caught.retryWith(wrong(5))).message).toBe(
      'callout strlen: the arguments are 5, expected an array of 1',
    );
    expect(caught.retryWith(['three'])).toBe(5);
  });

  test('registers that are none are refused, and the fault stands as it was', () => {
    const caught = fault();
    expect(refusal(() => caught.continue({ foo: 1 })).message).toMatch(
      /^callout strlen: there is no register foo, expected one of rax, /,
    );
    expect(refusal(() => caught.continue(wrong(5))).message).toBe(
      'callout strlen: the registers is 5, expected an object of registers by name',
    );
    expect(refusal(() => caught.continue({ rax: 1.5 })).message).toBe(
      'callout strlen: register rax is 1.5, expected an integer',
    );
    expect(caught.answer(0)).toBe(0);
    expect(refusal(() => caught.retry()).code).toBe('already-resolved');
  });

  test('memory of a fault: what is no address is refused', () => {
    const caught = fault();
    expect(refusal(() => caught.read(wrong(5), 5)).message).toBe('the address to read is 5, expected an Address');
    caught.answer(0);
  });

  test('an address of no such generation, a value that is none', () => {
    expect(() => c.strlen!(new Address(5, 99))).toThrow(
      'StaleAddress: argument 1 is 0x5, an address of executor generation 99; the present one is 1',
    );
  });
});
