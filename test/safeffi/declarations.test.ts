/**
 * C declarations as text: what they become, and line, column and sentence of what is wrong or not covered.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import {
  CalloutError,
  type CType,
  declarationText,
  flatFields,
  parseDeclarations,
  typeText,
} from '../../safeffi/index.ts';
import { compileProgram } from './fixture.ts';
import { RandomTypes, randomNumbers } from './random-types.ts';

const prototypes = (text: string) =>
  [...parseDeclarations(text).functions].map(
    ([name, signature]) => `${signature.returns.name} ${declarationText(name, signature)}`,
  );

describe('prototypes', () => {
  test.each([
    ['int strcmp(const char *a, const char *b);', 'int strcmp(const char *a, const char *b)'],
    ['extern size_t strlen (const char *__s);', 'size_t strlen(const char *__s)'],
    ['int getchar(void);', 'int getchar()'],
    ['int getchar();', 'int getchar()'],
    ['long unsigned int f(unsigned, short int, long const long);', 'unsigned long f(unsigned int, short, long long)'],
    ['int printf(const char *restrict format, ...);', 'int printf(const char *format, ...)'],
    ['int main(int argc, char *argv[]);', 'int main(int argc, char **argv)'],
    ['int dot(const int a[3], int n);', 'int dot(const int *a, int n)'],
    ['int rows(int m[][4]);', 'int rows(int (*m)[4])'],
    ['int (lua_gettop) (int *L);', 'int lua_gettop(int *L)'],
    [
      'void qsort(void *base, size_t n, size_t width, int (*compare)(const void *, const void *));',
      'void qsort(void *base, size_t n, size_t width, int (*compare)(const void *, const void *))',
    ],
    ['void each(int visit(int));', 'void each(int (*visit)(int))'],
    ['void (*signal(int n, void (*handler)(int)))(int);', 'void (*)(int) signal(int n, void (*handler)(int))'],
    ['struct tm; char *asctime(const struct tm *);', 'char * asctime(const struct tm *)'],
    ['_Bool b(bool x); /* one */ // two\n;', 'bool b(bool x)'],
  ])('%s', (text, printed) => {
    expect(prototypes(text)).toEqual([printed]);
  });

  test('a list declares several, and the same again is no error', () => {
    expect(prototypes('int abs(int), labs(long); int abs(int n);')).toEqual(['int abs(int n)', 'int labs(long)']);
  });
});

describe('types', () => {
  const typedef = (text: string, name: string): CType => parseDeclarations(text).typedefs.get(name)!;
  const fields = (type: CType) =>
    type.kind === 'struct' || type.kind === 'union'
      ? flatFields(type.fields).map((field) => `${typeText(field.type, field.name)} @${field.offsetBytes}`)
      : [];

  test('fields, arrays and declarator lists', () => {
    const type = typedef('typedef struct { char tag, *name; double m[2][3]; int (*f)(int), n; } t;', 't');
    expect([type.name, type.sizeBytes]).toEqual(['t', 80]);
    expect(fields(type)).toEqual([
      'char tag @0',
      'char *name @8',
      'double m[2][3] @16',
      'int (*f)(int) @64',
      'int n @72',
    ]);
  });

  test('a struct that points to itself, declared before it is complete', () => {
    const { typedefs, tags } = parseDeclarations('typedef struct node node; struct node { node *next; int value; };');
    const node = tags.get('struct node')!;
    expect(typedefs.get('node')).toBe(node);
    expect(node.kind === 'struct' && node.fields[0]!.type.target).toBe(node);
    expect(node.sizeBytes).toBe(16);
  });

  test('anonymous members count as fields of the struct around them', () => {
    const type = typedef('typedef struct { int kind; union { int i; struct { short a, b; }; double d; }; } v;', 'v');
    expect(fields(type)).toEqual(['int kind @0', 'int i @8', 'short a @8', 'short b @10', 'double d @8']);
  });

  test('packed: true leaves no padding', () => {
    const text = 'struct s { char a; double b; };';
    expect(parseDeclarations(text).tags.get('struct s')!.sizeBytes).toBe(16);
    expect(parseDeclarations(text, { packed: true }).tags.get('struct s')!.sizeBytes).toBe(9);
  });

  test('random records come back from their text as they were', () => {
    const random = new RandomTypes(randomNumbers(7));
    while (random.records.length < 200) random.record(3, 7);
    const { tags } = parseDeclarations(random.text);
    for (const record of random.records) {
      const parsed = tags.get(record.name)!;
      expect([parsed.name, parsed.sizeBytes, fields(parsed)]).toEqual([record.name, record.sizeBytes, fields(record)]);
    }
  });
});

describe('constants', () => {
  const constants = (text: string) => Object.fromEntries(parseDeclarations(text).constants);

  test('count on from the one before', () => {
    expect(constants('enum color { RED, GREEN = 5, BLUE, };')).toEqual({ RED: 0, GREEN: 5, BLUE: 6 });
  });

  const expressions = [
    '1 + 2 * 3 - 4 / 2 % 3',
    '10 - 4 - 3',
    '1 << 4 | 1 << 2 & 0xff ^ 3',
    '(1 + 2) * 3',
    '~0u',
    '-1 < 0u',
    '-1L < 0u',
    '!5 + !0',
    '3 > 2 ? 10 : 20',
    '0 ? 1 : 0 ? 2 : 3',
    '1 || 0 && 0',
    '0x10 + 010 + 0b11 + 10ull',
    "'A' + '\\n' + '\\x10' + '\\101' + '\\''",
    'sizeof(int *) + sizeof(struct { char a; short b; })',
    '2147483647 + 1u',
    '-2147483647 - 1',
    '9223372036854775807',
    '0x80000000',
    '1ull << 63',
  ];

  test('expressions have the values that the compiler gives them', () => {
    const prints = expressions.map((expression) => `  P(${expression});\n`).join('');
    const print = '#define P(e) ((e) < 0 ? printf(",%lld", (long long)(e)) : printf(",%llu", (unsigned long long)(e)))';
    const source = `#include <stdio.h>\n${print}\nint main(void) {\n${prints}}\n`;
    const computed = execFileSync(compileProgram('constants', source), { encoding: 'utf8' }).slice(1).split(',');
    const ours = expressions.map((expression) => String(constants(`enum { A = ${expression} };`).A));
    expect(ours).toEqual(computed);
  });

  test('an array may have a constant for its length', () => {
    expect(parseDeclarations('enum { N = 4 }; typedef int row[N * 2];').typedefs.get('row')!.sizeBytes).toBe(32);
  });
});

describe('refused', () => {
  test('the error shows line, column and caret', () => {
    try {
      parseDeclarations('int abs(int);\nstruct s {\n\tint a = 3;\n};');
      throw new Error('nothing was refused');
    } catch (error) {
      if (!(error instanceof CalloutError)) throw error;
      expect(error.code).toBe('bad-declaration');
      expect(error.details).toMatchObject({ line: 3, column: 8 });
      expect(error.message).toBe(
        'declaration, line 3, column 8: initialisers are not covered: declare the name alone\n' +
          '  \tint a = 3;\n' +
          '  \t      ^',
      );
    }
  });

  test.each([
    [
      '#include <stdio.h>',
      1,
      'preprocessor lines are not covered: run the header through cc -E, or write constants as an enum',
    ],
    ['int f(void) { return 1; }', 13, 'function bodies and initialisers are not covered: declare the prototype alone'],
    ['int a = 3;', 7, 'initialisers are not covered: declare the name alone'],
    [
      'int f(int) __attribute__((pure));',
      12,
      'GNU attributes are not covered: leave them out; for a packed struct, declare with { packed: true }',
    ],
    ['static int f(int);', 1, 'static and inline functions are not covered: they have no symbol to call'],
    ['int f(int); /* open', 13, "this comment is never closed: expected '*/'"],
    ['int f(int)', 11, 'expected ";", found the end of the text'],
    [
      'FILE *fopen(const char *);',
      1,
      'there is no type named FILE: declare it first, such as typedef struct FILE FILE;',
    ],
    ['long double f(void);', 1, 'long double is not covered: no executor passes it'],
    ['short char f(void);', 1, 'short char is no C type'],
    ['struct s { struct t x; };', 21, 'the size of field x, struct t, is not known'],
    ['struct s { char data[]; };', 1, "'struct s' is not a C type known here: it has no fields"],
    [
      'struct s { int n; char a[]; int m; };',
      1,
      "'struct s' is not a C type known here: a has no length and is not the last field",
    ],
    ['union u { int n; char a[]; };', 1, "'union u' is not a C type known here: a has no length"],
    ['extern int numbers[];', 19, 'the length of numbers is not known'],
    [
      'struct s { int a : 33; };',
      1,
      "'struct s' is not a C type known here: bit-field a is 33 bits wide, expected 1 to 32",
    ],
    [
      'struct s { int a : 0; };',
      1,
      "'struct s' is not a C type known here: bit-field a is 0 bits wide, expected 1 to 32",
    ],
    [
      'struct s { float a : 3; };',
      1,
      "'struct s' is not a C type known here: bit-field a is of type float, expected an integer or bool",
    ],
    ['struct s { int *a : 3; };', 19, 'a bit-field is an integer or bool'],
    ['int a : 3;', 7, 'a bit-field stands outside of a struct or union'],
    ['extern struct t v;', 17, 'the size of variable v, struct t, is not known'],
    ['int v; int v(void);', 13, 'v is declared as variable above, here as function'],
    ['int v; long v;', 13, 'v is declared as int above, here as long'],
    ['struct s { int a; int a; };', 1, "'struct s' is not a C type known here: field a is declared twice"],
    ['struct s { int a; }; struct s { int a; };', 22, 'the fields of struct s are declared above already'],
    ['struct s; union s *f(void);', 11, 's is declared as struct above, here as union'],
    ['int f(int); int f(long);', 18, 'f is declared as int(int) above, here as int(long)'],
    ['typedef int t; typedef long t;', 29, 't is declared as int above, here as long'],
    ['typedef int t; enum { t };', 23, 't is declared as typedef above, here as constant'],
    ['enum { A = B };', 12, 'there is no constant named B: expected one of an enum above'],
    ['enum { A = 1 / 0 };', 12, 'a division by zero is no constant'],
    ['enum { A = 1 << 32 };', 12, 'a shift by 32 is undefined in C: expected 0 to 31'],
    ['enum { A = 09 };', 12, '09 is not an integer constant'],
    ['enum e f(void);', 1, 'the constants of enum e are not declared above'],
    ['typedef int a[0];', 14, "'int[0]' is not a C type known here: an array has one element or more"],
    ['int f(struct s x);', 6, 'callout f: argument 1 is declared struct s, which is passed by pointer only'],
    ['int f(int, void);', 6, 'callout f: argument 2 is declared void'],
    ['int f(int)[3];', 6, 'callout f: the result is declared int[3], which is returned by pointer only'],
    ['int;', 1, 'this declares nothing: expected a name'],
  ])('%s', (text, column, sentence) => {
    let refused: unknown;
    try {
      parseDeclarations(text);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(CalloutError);
    expect((refused as CalloutError).details).toEqual({ line: 1, column, sentence });
  });
});
