/**
 * What C text declares, for TypeScript: types computed from the text where it is a literal, so that
 * `declare('size_t strlen(const char *s);').strlen` takes a string and answers a number. Prototypes of scalars, strings and
 * pointers are understood; what is not (a function pointer among the parameters, a type that the text defines) is left
 * as wide as it is without: the property is there, and takes and answers anything. Nothing of this exists at run time.
 *
 * Texts with braces, typedefs or variables declare more than functions; there every other name is a property too.
 */
import type { Address, CString } from '../address.ts';
import type { DeclaredArgument, DeclaredFunction } from '../declared-function.ts';
import type { FieldValue } from '../types/record-codec.ts';

/** The functions that a text declares, by name. */
export type DeclaredBy<Text extends string> = string extends Text
  ? OtherNames
  : DeclaresMore<Text> extends true
    ? Functions<Text> & OtherNames
    : Functions<Text>;

type OtherNames = { readonly [name: string]: DeclaredFunction };

type DeclaresMore<Text extends string> = Text extends
  | `${string}{${string}`
  | `${string}typedef${string}`
  | `${string}extern${string}`
  ? true
  : false;

type Functions<Text extends string> = {
  readonly [S in Statement<WithoutComments<Text>> as NameIn<S>]: FunctionIn<S>;
};

type TypedFunction<Args extends readonly unknown[], Result> = ((...args: Args) => Result) & {
  readonly async: (...args: Args) => Promise<Result>;
};

// Text to words.

type WithoutComments<Text extends string> = Text extends `${infer A}/*${string}*/${infer B}`
  ? WithoutComments<`${A} ${B}`>
  : Text extends `${infer A}//${string}\n${infer B}`
    ? WithoutComments<`${A} ${B}`>
    : Text;

/** A union of what stands between the semicolons. */
type Statement<Text extends string, Found extends string = never> = Text extends `${infer A};${infer B}`
  ? Statement<B, Found | A>
  : Found;

type Replaced<
  Text extends string,
  From extends string,
  To extends string,
  Done extends string = '',
> = Text extends `${infer A}${From}${infer B}` ? Replaced<B, From, To, `${Done}${A}${To}`> : `${Done}${Text}`;

type Words<Text extends string, Found extends string[] = []> = Text extends `${infer A} ${infer B}`
  ? Words<B, A extends '' ? Found : [...Found, A]>
  : Text extends ''
    ? Found
    : [...Found, Text];

/** The words of a declarator, `*` and `[` each for itself. */
type WordsOf<Text extends string> = Words<
  Replaced<Replaced<Replaced<Replaced<Text, '\n', ' '>, '\t', ' '>, '*', ' * '>, '[', ' [ '>
>;

// Functions.

type Head<S extends string> = S extends `${infer A}(${string}` ? WordsOf<A> : [];
type NameIn<S extends string> =
  Head<S> extends [infer First, ...unknown[], infer Name extends string]
    ? First extends 'typedef' | 'struct' | 'union' | 'enum'
      ? S extends `${string}{${string}`
        ? never
        : Name
      : Name
    : never;

type FunctionIn<S extends string> =
  Head<S> extends [...infer Type extends string[], string]
    ? TypedFunction<Arguments<S>, ResultOf<Type>>
    : DeclaredFunction;

/** Behind the parameters stands nothing more, unless one of them is a function pointer. */
type Arguments<S extends string> = S extends `${string}(${infer P})${infer Tail}`
  ? Tail extends `${string}(${string}` | `${string})${string}`
    ? DeclaredArgument[]
    : ArgumentsIn<P>
  : DeclaredArgument[];

type ArgumentsIn<P extends string, Found extends unknown[] = []> = P extends `${infer A},${infer B}`
  ? ArgumentsIn<B, [...Found, ArgumentOf<WordsOf<A>>]>
  : WordsOf<P> extends ['...']
    ? [...Found, ...unknown[]]
    : WordsOf<P> extends [] | ['void']
      ? Found
      : [...Found, ArgumentOf<WordsOf<P>>];

// Types.

type Floating = 'float' | 'double';
type Bool = 'bool' | '_Bool';
type Narrow = 'char' | 'short' | 'int' | 'signed' | 'unsigned' | `${'u' | ''}int${8 | 16 | 32}_t` | 'wchar_t';
type Wide = 'long' | 'size_t' | 'ssize_t' | 'off_t' | 'ptrdiff_t' | `${'u' | ''}int${64 | 'ptr'}_t`;
type OneByte = 'char' | 'void' | `${'u' | ''}int8_t`;

/** Whether one of the words is among these. */
type Has<Type extends string[], Among extends string> = Extract<Type[number], Among> extends never ? false : true;

type ArgumentOf<Type extends string[]> =
  Has<Type, '*' | '['> extends true
    ? PointerArgument<Type>
    : Has<Type, 'struct' | 'union'> extends true
      ? object
      : Has<Type, Floating> extends true
        ? number
        : Has<Type, Bool> extends true
          ? boolean | 0 | 1
          : Has<Type, Narrow | Wide | 'enum'> extends true
            ? number | bigint
            : DeclaredArgument;

/** A string for bytes; for other pointers also an object, an array of them, or a function. */
type PointerArgument<Type extends string[]> =
  HasTwoStars<Type> extends true
    ? Address | ArrayBufferView | null
    : Has<Type, OneByte> extends true
      ? string | CString | Address | ArrayBufferView | null
      : Has<Type, Narrow | Wide | Floating | Bool> extends true
        ? Address | ArrayBufferView | null
        : Exclude<DeclaredArgument, number | bigint | boolean | string>;

type HasTwoStars<Type extends string[]> = Type extends [infer First, ...infer Rest extends string[]]
  ? First extends '*'
    ? Has<Rest, '*'>
    : HasTwoStars<Rest>
  : false;

type ResultOf<Type extends string[]> =
  Has<Type, '*'> extends true
    ? HasTwoStars<Type> extends true
      ? Address
      : Has<Type, 'char'> extends true
        ? string | null
        : Address
    : Has<Type, 'void'> extends true
      ? undefined
      : Has<Type, 'struct' | 'union'> extends true
        ? { readonly [field: string]: FieldValue }
        : Has<Type, Floating> extends true
          ? number
          : Has<Type, Bool> extends true
            ? boolean
            : Has<Type, Wide> extends true
              ? number | bigint
              : Has<Type, Narrow> extends true
                ? number
                : FieldValue;
