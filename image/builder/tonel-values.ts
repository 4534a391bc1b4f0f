/**
 * The typed door to Tonel's headers: the text of a map or definition in, plain data out. Nothing else knows that ohm-js is
 * behind it.
 */
import type { Node } from 'ohm-js';
import grammar from './tonel-header.ohm-bundle.js';

/** Symbols, strings and constants all read as strings: Tonel's versions use one for the other. */
export type TonelValue = string | readonly TonelValue[] | TonelMap;
export type TonelMap = ReadonlyMap<string, TonelValue>;

export interface TonelDefinition {
  readonly typeName: string;
  readonly map: TonelMap;
}

const value = (node: Node): TonelValue => node.value();
const map = (node: Node): TonelMap => node.map();
const pair = (node: Node): [string, TonelValue] => node.pair();
const text = (node: Node): string => node.text();
const definition = (node: Node): TonelDefinition => node.definition();

const semantics = grammar.createSemantics();

semantics.addOperation<string>('text', {
  Key: (key) => text(key),
  symbol(_hash, name) {
    return name.sourceString.startsWith("'") ? unquoted(name.sourceString) : name.sourceString;
  },
  string(_open, _characters, _close) {
    return unquoted(this.sourceString);
  },
  constant(_characters) {
    return this.sourceString;
  },
});

semantics.addOperation<TonelValue>('value', {
  Value: (content) => value(content),
  Map(_open, _pairs, _close) {
    return map(this);
  },
  List: (_open, values, _close) => values.children.flatMap((each) => value(each) as readonly TonelValue[]),
  Values: (first, _commas, rest) => [value(first), ...rest.children.map(value)],
  symbol(_hash, _name) {
    return text(this);
  },
  string(_open, _characters, _close) {
    return text(this);
  },
  constant(_characters) {
    return text(this);
  },
});

semantics.addOperation<[string, TonelValue]>('pair', {
  Pair: (key, _colon, content) => [text(key), value(content)],
});

semantics.addOperation<TonelMap>('map', {
  Map: (_open, pairs, _close) =>
    new Map(pairs.children.flatMap((each) => [each.children[0]!, ...each.children[2]!.children].map(pair))),
});

semantics.addOperation<TonelDefinition>('definition', {
  Definition: (typeName, content) => ({ typeName: typeName.sourceString, map: map(content) }),
});

/** A quote inside is doubled (Smalltalk) or has a backslash (STON). */
const unquoted = (quoted: string): string =>
  quoted.slice(1, -1).replace(/\\(.)|''/gs, (_match, escaped?: string) => escaped ?? "'");

/** What stands in the way of reading a header. */
export interface HeaderProblem {
  readonly offset: number;
  readonly sentence: string;
}

function read<T>(source: string, startRule: 'Definition' | 'Map', get: (node: Node) => T): T | HeaderProblem {
  const match = grammar.match(source, startRule);
  if (match.failed())
    return { offset: match.getRightmostFailurePosition(), sentence: `${match.getExpectedText()} is expected here` };
  return get(semantics(match) as unknown as Node);
}

/** `Class { ... }` and its like. */
export const readDefinition = (source: string): TonelDefinition | HeaderProblem =>
  read(source, 'Definition', definition);

/** `{ #category : #accessing }`. */
export const readMap = (source: string): TonelMap | HeaderProblem => read(source, 'Map', map);
