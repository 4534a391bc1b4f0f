/**
 * `library.declare('int abs(int); enum color { RED };')`: the declared functions and constants as properties of one object.
 * A function is looked up in the library when its property is first read: a header may declare more than a program uses.
 * A global variable is a property that reads and writes C's memory. `struct` and `union`, which no C name can be, answer the
 * declared records.
 */

import type { Address } from './address.ts';
import type { Declarations, Variable } from './declarations/declaration-scope.ts';
import { type DeclaredFunction, declaredFunction } from './declared-function.ts';
import { DeclaredRecord, type RecordHome } from './declared-record.ts';
import { badTypeError, constantVariableError } from './errors.ts';
import type { Library } from './session.ts';
import { isRecord } from './types/aggregate-types.ts';
import { readValue, writeValue } from './types/record-codec.ts';
import type { Signature } from './types/signature.ts';
import { variadicFunction } from './variadic-function.ts';

/** How declared records are found. */
export interface DeclaredRecords {
  /** By tag, or by the name that a typedef gave. Throws CalloutError `bad-type`. */
  struct(name: string): DeclaredRecord;
  union(name: string): DeclaredRecord;
}

/** What a text declared, where TypeScript is told no more; constants are numbers all the same. */
export type DeclaredFunctions = { readonly [name: string]: DeclaredFunction };

export function declaredLibrary(library: Library, declarations: Declarations, home: RecordHome): object {
  const declared: object = Object.create(null);
  const fixed = (name: string, value: unknown) => Object.defineProperty(declared, name, { value, enumerable: true });
  for (const [name, value] of declarations.constants) fixed(name, value);
  for (const [name, signature] of declarations.functions) {
    Object.defineProperty(declared, name, {
      enumerable: true,
      configurable: true,
      get() {
        const call = functionOf(library, name, signature, home);
        fixed(name, call);
        return call;
      },
    });
  }
  for (const [name, variable] of declarations.variables) declareVariable(declared, library, name, variable, home);
  for (const keyword of ['struct', 'union'] as const)
    Object.defineProperty(declared, keyword, { value: (name: string) => recordOf(declarations, keyword, name, home) });
  return declared;
}

/** A property that reads and writes C's memory each time. */
function declareVariable(
  declared: object,
  library: Library,
  name: string,
  { type, isConstant }: Variable,
  home: RecordHome,
): void {
  let known: Address | undefined;
  const address = () => {
    if (known === undefined || known.generation !== home.generation) known = library.symbol(name);
    return known;
  };
  Object.defineProperty(declared, name, {
    enumerable: true,
    get() {
      const bytes = home.memory.read(address(), type.sizeBytes);
      return readValue(type, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, home);
    },
    set(value: unknown) {
      if (isConstant) throw constantVariableError(name, library.name);
      const bytes = new Uint8Array(type.sizeBytes);
      writeValue(type, new DataView(bytes.buffer), 0, value, home, `variable ${name}`);
      home.memory.write(address(), bytes);
    },
  });
}

function functionOf(library: Library, name: string, signature: Signature, home: RecordHome): DeclaredFunction {
  const call = declaredFunction(library.bind(name, signature), home);
  if (signature.variadicFrom === undefined) return call;
  return variadicFunction(name, signature, (resolved) => declaredFunction(library.bind(name, resolved), home));
}

function recordOf(
  declarations: Declarations,
  keyword: 'struct' | 'union',
  name: string,
  home: RecordHome,
): DeclaredRecord {
  const type = declarations.tags.get(`${keyword} ${name}`) ?? declarations.typedefs.get(name);
  if (type === undefined || !isRecord(type) || type.kind !== keyword)
    throw badTypeError(`${keyword} ${name}`, 'it is not among these declarations');
  return new DeclaredRecord(type, home);
}
