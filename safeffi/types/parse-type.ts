/**
 * `parseType('const char *')`: C type text to a `CType`. Takes scalars in every usual spelling, any number of `*`, and
 * `const`, `volatile`, `restrict`; only a pointer to const is
 * told apart: what it points to is not copied back. An unknown name with a `*` is an opaque pointer
 * (`FILE *`); without one it is an error. Struct and union types will be looked up here once they can be declared.
 */
import { badTypeError, describeValue } from '../errors.ts';
import { type CType, pointerTo, scalarTypes } from './scalar-types.ts';

const qualifiers = /\b(const|volatile|restrict|__restrict)\b/g;

export function parseType(text: string): CType {
  if (typeof text !== 'string') throw badTypeError(describeValue(text), 'expected a C type as text');
  const stars = text.match(/\*/g)?.length ?? 0;
  const words = text.replace(qualifiers, ' ').trim().split(/\s+/).join(' ');
  const match = /^((?:struct |union |enum )?[A-Za-z_]\w*(?: [A-Za-z_]\w*)*) ?(?:\* ?)*$/.exec(words);
  if (match === null) throw badTypeError(text, 'expected a name and any number of *');
  const name = match[1]!;
  const base = scalarTypes.get(name) ?? (stars > 0 ? opaque(text, name) : undefined);
  if (base === undefined) throw badTypeError(text, `there is no type named ${name}`);
  let type = base;
  const readOnly = stars === 1 && /\bconst\b[^*]*\*/.test(text);
  for (let i = 0; i < stars; i++) type = pointerTo(type, readOnly);
  return type;
}

function opaque(text: string, name: string): CType {
  if (!/^(?:struct |union |enum )?[A-Za-z_]\w*$/.test(name)) throw badTypeError(text, `there is no type named ${name}`);
  return { name, kind: 'void', sizeBytes: 0 };
}
