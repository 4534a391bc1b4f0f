/**
 * Types that the image defines, against C compiled by the machine's compiler: structures and unions by value and by pointer,
 * arrays, enumerations, aliases, opaque objects, out-parameters, variable arguments.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { compile } from '../safeffi/fixture.ts';
import { openSmalltalk, type Smalltalk } from './smalltalk.ts';

const c = `
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef struct { int x, y; } point;
typedef struct { point a, b; } line;
typedef struct { char tag; double value; short small; char name[10]; point at; bool on; float f; unsigned long long big; } mixed;
#pragma pack(push, 1)
typedef struct { char tag; double value; short small; } packed;
#pragma pack(pop)
typedef union { int whole; float real; unsigned char bytes[8]; } either;
typedef enum { red, green = 5, blue } color;
typedef struct node { int value; struct node *next; } node;
int layout(int which) {
  switch (which) {
    case 0: return sizeof(mixed);
    case 1: return offsetof(mixed, value);
    case 2: return offsetof(mixed, small);
    case 3: return offsetof(mixed, name);
    case 4: return offsetof(mixed, at);
    case 5: return offsetof(mixed, on);
    case 6: return offsetof(mixed, f);
    case 7: return offsetof(mixed, big);
    case 8: return sizeof(packed);
    case 9: return offsetof(packed, small);
    case 10: return sizeof(either);
    default: return -1;
  }
}
point swapped(point p) { point q = { p.y, p.x }; return q; }
int length_of(line l) { return abs(l.b.x - l.a.x) + abs(l.b.y - l.a.y); }
line line_between(point a, point b) { line l = { a, b }; return l; }
void move(point *p, int dx) { p->x += dx; }
mixed make_mixed(void) { mixed m = { 't', 2.5, -3, "name", { 4, 5 }, true, 1.25f, 18446744073709551615ull }; return m; }
double sum_mixed(mixed m) { return m.value + m.small + strlen(m.name) + m.at.x + m.at.y + m.on + m.f; }
packed make_packed(void) { packed p = { 'p', 6.5, 7 }; return p; }
float as_float(either e) { return e.real; }
either of_float(float f) { either e = { 0 }; e.real = f; return e; }
color next_color(color c) { return c == red ? green : c == green ? blue : (color)77; }
int color_number(color *c) { int n = *c; *c = blue; return n; }
node *push(node *list, int value) { node *n = malloc(sizeof *n); n->value = value; n->next = list; return n; }
int total(node *list) { int t = 0; for (; list; list = list->next) t += list->value; return t; }
void *make_handle(int n) { int *p = malloc(sizeof *p); *p = n; return p; }
int read_handle(void *h) { return *(int *)h; }
int open_handle(void **out, int n) { *out = make_handle(n); return 0; }
void *null_handle(void) { return NULL; }
void fill_ints(int *to, int n) { for (int i = 0; i < n; i++) to[i] = i * i; }
int add_all(int n, ...) { va_list l; va_start(l, n); int t = 0; for (int i = 0; i < n; i++) t += va_arg(l, int); va_end(l); return t; }
double add_doubles(int n, ...) { va_list l; va_start(l, n); double t = 0; for (int i = 0; i < n; i++) t += va_arg(l, double); va_end(l); return t; }
int add_points(int n, ...) { va_list l; va_start(l, n); int t = 0; for (int i = 0; i < n; i++) { point p = va_arg(l, point); t += p.x * p.y; } va_end(l); return t; }
uint8_t top_byte(uint64_t v) { return v >> 56; }
`;

const definitions = `
FFIStructure subclass: #TPoint instanceVariableNames: '' classVariableNames: '' package: 'T'!
!TPoint class methodsFor: 'x'!
fieldsDesc
	^ #( int x; int y; )
! !
FFIStructure subclass: #TLine instanceVariableNames: '' classVariableNames: '' package: 'T'!
!TLine class methodsFor: 'x'!
fieldsDesc
	^ 'TPoint a; TPoint b'
! !
FFIStructure subclass: #TMixed instanceVariableNames: '' classVariableNames: 'Name Big' package: 'T'!
!TMixed class methodsFor: 'x'!
fieldsDesc
	^ #( char tag; double value; short small; Name name; TPoint at; bool on; float f; Big big; )
! !
TMixed classVarNamed: #Name put: (FFIArray newArrayType: #char size: 10); classVarNamed: #Big put: #ulonglong!
FFIPackedStructure subclass: #TPacked instanceVariableNames: '' classVariableNames: '' package: 'T'!
!TPacked class methodsFor: 'x'!
fieldsDesc
	^ #( char tag; double value; short small; )
! !
FFIUnion subclass: #TEither instanceVariableNames: '' classVariableNames: '' package: 'T'!
!TEither class methodsFor: 'x'!
fieldsDesc
	^ #( int whole; float real; byte bytes[8]; )
! !
FFIEnumeration subclass: #TColor instanceVariableNames: '' classVariableNames: '' package: 'T'!
!TColor class methodsFor: 'x'!
enumDecl
	^ #( red 0 green 5 blue 6 )
! !
FFIStructure subclass: #TNode instanceVariableNames: '' classVariableNames: '' package: 'T'!
!TNode class methodsFor: 'x'!
fieldsDesc
	^ #( int value; TNode *next; )
! !
FFIExternalObject subclass: #THandle instanceVariableNames: '' classVariableNames: '' package: 'T'!
FFIOpaqueObject subclass: #TOpaque instanceVariableNames: '' classVariableNames: '' package: 'T'!
FFILibrary subclass: #TLibrary instanceVariableNames: '' classVariableNames: 'Path' package: 'T'!
!TLibrary methodsFor: 'x'!
unixLibraryName
	^ Path
! !
Object subclass: #T instanceVariableNames: '' classVariableNames: 'Int Alias PointRef Loop Nonsense' package: 'T'!
!T class methodsFor: 'x'!
ffiLibrary
	^ TLibrary
!
layout: which
	^ self ffiCall: #( int layout ( int which ) )
!
swapped: p
	^ self ffiCall: #( TPoint swapped ( TPoint p ) )
!
lengthOf: l
	^ self ffiCall: #( int length_of ( TLine l ) )
!
from: a to: b
	^ self ffiCall: #( TLine line_between ( TPoint a, TPoint b ) )
!
move: p by: dx
	self ffiCall: #( void move ( TPoint *p, int dx ) )
!
moveAlias: p by: dx
	self ffiCall: #( void move ( PointRef p, Alias dx ) )
!
mixed
	^ self ffiCall: #( TMixed make_mixed ( ) )
!
sum: m
	^ self ffiCall: #( double sum_mixed ( TMixed m ) )
!
packed
	^ self ffiCall: #( TPacked make_packed ( void ) )
!
asFloat: e
	^ self ffiCall: #( float as_float ( TEither e ) )
!
ofFloat: f
	^ self ffiCall: #( TEither of_float ( float f ) )
!
next: color
	^ self ffiCall: #( TColor next_color ( TColor color ) )
!
number: holder
	^ self ffiCall: #( int color_number ( TColor *holder ) )
!
push: value on: list
	^ self ffiCall: #( TNode *push ( TNode *list, int value ) )
!
total: list
	^ self ffiCall: #( int total ( TNode *list ) )
!
handle: n
	^ self ffiCall: #( THandle make_handle ( int n ) )
!
read: handle
	^ self ffiCall: #( int read_handle ( THandle handle ) )
!
opaque: n
	^ self ffiCall: #( TOpaque *make_handle ( int n ) )
!
readOpaque: handle
	^ self ffiCall: #( int read_handle ( TOpaque *handle ) )
!
open: out with: n
	^ self ffiCall: #( int open_handle ( void **out, int n ) )
!
openObject: out with: n
	^ self ffiCall: #( int open_handle ( THandle *out, int n ) )
!
nullHandle
	^ self ffiCall: #( THandle null_handle ( ) )
!
fill: array count: n
	self ffiCall: #( void fill_ints ( int *array, int n ) )
!
add: a and: b
	^ self ffiCall: #( int add_all ( int 2, int a, int b ) ) fixedArgumentCount: 1
!
addDouble: a and: b
	^ self ffiCall: #( double add_doubles ( int 2, double a, float b ) ) library: TLibrary fixedArgumentCount: 1
!
addPoint: p
	^ self ffiCall: #( int add_points ( int 1, TPoint p ) ) library: TLibrary options: #( + optStrict ) fixedArgumentCount: 1
!
topByte: v
	^ self ffiCall: #( uint8 top_byte ( uint64 v ) ) options: #( - optStrict )
!
badOption
	^ self ffiCall: #( int layout ( 0 ) ) options: #( optWrong )
!
tooManyFixed
	^ self ffiCall: #( int add_all ( int 0 ) ) fixedArgumentCount: 3
!
loop
	^ self ffiCall: #( Loop layout ( 0 ) )
!
nonsense
	^ self ffiCall: #( Nonsense layout ( 0 ) )
!
noType: x
	^ self ffiCall: #( int layout ( Transcript x ) )
! !
T classVarNamed: #Alias put: #Int; classVarNamed: #Int put: 'int'; classVarNamed: #PointRef put: #( TPoint * )!
T classVarNamed: #Loop put: #Loop; classVarNamed: #Nonsense put: 'no_such_type'!
`;

const modes = existsSync(CheckoutPath.executor) ? (['native', 'portable', 'direct'] as const) : (['portable'] as const);

describe.each(modes)("types of the image's own, %s", (mode) => {
  let smalltalk: Smalltalk;
  beforeAll(() => {
    smalltalk = openSmalltalk({ ffi: mode });
    smalltalk.load(definitions);
    smalltalk.evaluate(`TLibrary classVarNamed: #Path put: '${compile('image-types', c)}'`);
  });
  afterAll(() => smalltalk.close());
  const expectAnswers = (cases: readonly (readonly [string, string])[]): void => {
    for (const [source, answer] of cases) expect([source, smalltalk.evaluate(source)]).toEqual([source, answer]);
  };

  test("layouts are the compiler's", () => {
    const offsets = (name: string) => `(TMixed layout offsetOf: '${name}')`;
    const ours = ['TMixed byteSize', ...['value', 'small', 'name', 'at', 'on', 'f', 'big'].map(offsets)];
    const others = ['TPacked byteSize', "(TPacked layout offsetOf: 'small')", 'TEither byteSize'];
    [...ours, ...others].forEach((source, which) => {
      expect([source, smalltalk.evaluate(source)]).toEqual([source, smalltalk.evaluate(`T layout: ${which}`)]);
    });
  });

  test('a structure goes by value, from the image and from C memory, and comes back by value', () => {
    expectAnswers([
      ['T swapped: (TPoint new x: 1; y: 2; yourself)', 'TPoint ( x: 2, y: 1 )'],
      ['| p q | p := TPoint externalNew. p x: 3; y: 4. q := T swapped: p. p free. q x', '4'],
      ['T lengthOf: (T from: (TPoint new x: 1; yourself) to: (TPoint new x: 4; y: -2; yourself))', '5'],
      ['| l | l := TLine new. l a x: 7. l b: (TPoint new y: 9; yourself). T swapped: l a', 'TPoint ( x: 0, y: 7 )'],
      ['T mixed name asString', "'name'"],
      [
        'T mixed in: [ :m | { m tag. m value. m small. m at y. m on. m f. m big } ]',
        '#($t 2.5 -3 5 true 1.25 18446744073709551615)',
      ],
      ['T sum: T mixed', '14.75'],
      [
        'T packed in: [ :p | { p tag. p value. p small } ]',
        mode === 'native'
          ? '#($p 6.5 7)'
          : 'FFIError: callout make_packed: TPacked has misaligned fields, and only the native executor passes such by value',
      ],
      ['T asFloat: (T ofFloat: 0.5)', '0.5'],
      ['(T ofFloat: 1.0) bytes asArray', '#(0 0 128 63 0 0 0 0)'],
    ]);
  });

  test('a pointer to a structure: C writes into the instance, wherever it lies', () => {
    expectAnswers([
      ['| p | p := TPoint new. T move: p by: 5. p x', '5'],
      ['| p x | p := TPoint externalNew. T move: p by: 6. x := p x. p free. x', '6'],
      ['| l | l := TLine new. T move: l b by: 7. l b x', '7'],
      ['| p | p := TPoint new. T moveAlias: p by: 8. p x', '8'],
      ['| p | p := FFIArray newType: #int size: 2. T move: p by: 9. p first', '9'],
      [
        '| list | list := T push: 3 on: (T push: 2 on: nil). { T total: list. list value. list next isNull }',
        '#(5 3 false)',
      ],
      ['| list | list := T push: 1 on: nil. (TNode fromHandle: list getHandle) value', '1'],
    ]);
  });

  test('enumerations go as items or integers and come back as items; an unknown value is kept', () => {
    expectAnswers([
      ['T next: TColor red', 'TColor(#green)'],
      ['T next: 5', 'TColor(#blue)'],
      ['(T next: TColor blue) value', '77'],
      ['(T next: TColor red) = TColor green', 'true'],
      [
        '| h | h := TColor newValueHolder. h value: TColor green. { T number: h. h value }',
        'an Array(5 TColor(#blue))',
      ],
      ['TColor fromInteger: 4', 'FFIError: TColor has no item with the value 4'],
      ['TColor purple', expect.stringMatching(/^MessageNotUnderstood: .*purple/)],
    ] as never);
  });

  test('handles: objects and opaque structures keep what C gave', () => {
    expectAnswers([
      ['T read: (T handle: 12)', '12'],
      ['(T handle: 12) class', 'THandle'],
      ['T readOpaque: (T opaque: 13)', '13'],
      ['T nullHandle isNull', 'true'],
      ['| a | a := ExternalAddress new. { T open: a with: 14. (a integerAt: 1 size: 4 signed: true) }', '#(0 14)'],
      ['| a | a := ExternalAddress new. T open: a with: 14. a generation = SafeFFI executorGeneration', 'true'],
      ['| h | h := THandle null. T openObject: h with: 15. T read: h', '15'],
      ['| h | h := THandle newValueHolder. T openObject: h with: 16. T read: h value', '16'],
    ]);
  });

  test('arrays of C types', () => {
    expectAnswers([
      ['| a | a := FFIArray newType: #int size: 4. T fill: a count: 4. a asArray', '#(0 1 4 9)'],
      [
        '| a r | a := FFIArray externalNewType: #int size: 3. T fill: a count: 3. r := a collect: [ :e | e + 1 ]. a free. r',
        '#(1 2 5)',
      ],
      ['(FFIArray newType: #int size: 4) at: 5', expect.stringMatching(/^SubscriptOutOfBounds/)],
      ['(FFIArray newType: TPoint size: 2) in: [ :a | (a at: 2) y: 8. (a at: 2) y ]', '8'],
      ['TMixed new in: [ :m | m name: #( $a $b ) ]', 'FFIError: an array of 10 elements is stored from one of 2'],
    ] as never);
  });

  test('variable arguments are promoted as C promotes them', () => {
    expectAnswers([
      ['T add: 20 and: 22', '42'],
      ['T addDouble: 1.5 and: 0.25', '1.75'],
      ['T addPoint: (TPoint new x: 6; y: 7; yourself)', '42'],
      ['T topByte: 16rFE00000000000000', '254'],
    ]);
  });

  test('what does not fit is named', () => {
    expectAnswers([
      [
        'T swapped: TLine new',
        'FFIError: callout swapped: argument 1 is an instance of TLine, not of TPoint, expected TPoint (a ByteArray of 8 bytes)',
      ],
      ['T swapped: nil', 'FFIError: callout swapped: argument 1 is nil, expected TPoint (a ByteArray of 8 bytes)'],
      [
        'T move: TLine new by: 1',
        'FFIError: callout move: argument 1 is an instance of TLine, not of TPoint, expected TPoint * (an address, a ByteArray or nil)',
      ],
      [
        'T read: (T opaque: 1)',
        'FFIError: callout read_handle: argument 1 is an instance of TOpaque, not of THandle, expected THandle (an address, a ByteArray or nil)',
      ],
      [
        'T badOption',
        expect.stringMatching(/^FFIError: a callout has no option optWrong, expected one of optStrict, /),
      ],
      ['T tooManyFixed', 'FFIError: callout add_all: 3 fixed arguments are named, the signature has 1'],
      ['T loop', 'FFIError: Loop is a type that is named by itself'],
      ['T nonsense', 'FFIError: there is no type named no_such_type'],
      ['T noType: 1', expect.stringMatching(/^FFIError: Transcript is .*, which is no type of C$/)],
      [
        'TPoint new x: 2147483648',
        'FFIError: 2147483648 does not fit, expected an Integer from -2147483648 to 2147483647',
      ],
      [
        'TNode new next: TNode new',
        expect.stringMatching(
          /^FFIError: a pointer is stored from TNode .*objects of the image have no address for C$/,
        ),
      ],
      ["FFIArray newType: 'unsigned nothing' size: 1", 'FFIError: there is no type named unsigned nothing'],
      ['T layout: 0', smalltalk.evaluate('TMixed byteSize')],
    ] as never);
  });

  test('a change of fieldsDesc is seen by accessors, layouts and call sites that were linked before', () => {
    const define = (fields: string) =>
      smalltalk.load(`FFIStructure subclass: #TChanging instanceVariableNames: '' classVariableNames: '' package: 'T'!
!TChanging class methodsFor: 'x'!
fieldsDesc
	^ #( ${fields} )
! !
!T class methodsFor: 'x'!
changing: p
	^ self ffiCall: #( TChanging swapped ( TChanging p ) )
! !
`);
    define('int first; int second;');
    expectAnswers([['(T changing: (TChanging new first: 1; yourself)) second', '1']]);
    define('int one; int two;');
    expectAnswers([
      ['(T changing: (TChanging new one: 2; yourself)) two', '2'],
      ['TChanging new first', expect.stringMatching(/^MessageNotUnderstood/)],
    ] as never);
    define('long one;');
    expectAnswers([['TChanging byteSize', '8']]);
  });

  test('fields that are none are refused with the field', () => {
    const attempt = (fields: string) => {
      smalltalk.load(`FFIStructure subclass: #TWrong instanceVariableNames: '' classVariableNames: '' package: 'T'!
!TWrong class methodsFor: 'x'!
fieldsDesc
	^ #( ${fields} )
! !
`);
      return smalltalk.evaluate('TWrong new');
    };
    expect(attempt('')).toBe('FFIError: TWrong has no fields: its class side tells them in fieldsDesc');
    expect(attempt('int')).toBe('FFIError: a field of TWrong is int, expected a type and a name');
    expect(attempt('int a; int a')).toBe('FFIError: field a of TWrong is there twice');
    expect(attempt('void a')).toBe('FFIError: field a of TWrong is void');
    expect(attempt('TWrong a')).toBe('FFIError: field a of TWrong would make it a part of itself');
    expect(attempt('nothing a')).toBe('FFIError: there is no type named nothing');
    expect(attempt('int *')).toBe('FFIError: a field of TWrong is int *, expected a name behind the type');
  });
});
