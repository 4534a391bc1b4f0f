/**
 * What a type that the image defines looks like to C: read from the nested Array that `FFIExternalType class>>describe:for:`
 * answers. Plain data: the classes in it are kept by class index, so that nothing here minds that objects move.
 *
 * The Array's forms, first element first: a String is a type of C by name; #pointer target depth; #struct, #packed, #union
 * name fieldNames fieldTypes class; #array element length; #enum name representation class; #opaque name class; #object
 * name class; #callback signature; #error sentence.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { LinkError } from './errors.ts';
import { signatureText } from './signature-text.ts';

export type TypeDescription =
  | { readonly kind: 'c'; readonly name: string }
  | { readonly kind: 'pointer'; readonly target: TypeDescription; readonly depth: number }
  | {
      readonly kind: 'struct' | 'packed' | 'union';
      readonly name: string;
      readonly fields: readonly { readonly name: string; readonly type: TypeDescription }[];
      readonly classIndex: number;
    }
  | { readonly kind: 'array'; readonly element: TypeDescription; readonly length: number }
  | {
      readonly kind: 'enum';
      readonly name: string;
      readonly representation: string;
      readonly classIndex: number;
    }
  /** Only pointers to it can be had; `object` is such a pointer itself. */
  | { readonly kind: 'opaque' | 'object'; readonly name: string; readonly classIndex: number }
  /** A pointer to a function; without a signature any will do. */
  | { readonly kind: 'callback'; readonly signature: string | undefined };

/** Throws LinkError with the image's sentence where it could not describe the type. */
export function readTypeDescription(memory: ObjectMemory, oop: Oop): TypeDescription {
  if (isText(memory, oop)) return { kind: 'c', name: memory.stringValueOf(oop) };
  const at = (index: number): Oop => {
    if (isImmediate(oop) || memory.classIndexOfObject(oop) !== ClassIndex.ARRAY || index >= memory.slotCountOf(oop))
      throw malformed(memory, oop);
    return memory.fetchPointer(oop, index);
  };
  const text = (index: number): string => {
    if (!isText(memory, at(index))) throw malformed(memory, at(index));
    return memory.stringValueOf(at(index));
  };
  const number = (index: number): number => {
    const value = at(index);
    if (!isSmallInteger(value)) throw malformed(memory, value);
    return smallIntegerValue(value);
  };
  const classIndex = (index: number): number => memory.indexOfClass(at(index));
  const kind = text(0);
  switch (kind) {
    case 'error':
      throw new LinkError(text(1));
    case 'pointer':
      return { kind, target: readTypeDescription(memory, at(1)), depth: number(2) };
    case 'struct':
    case 'packed':
    case 'union': {
      const names = elements(memory, at(2)).map((name) => memory.stringValueOf(name));
      const types = elements(memory, at(3)).map((type) => readTypeDescription(memory, type));
      const fields = names.map((name, i) => ({ name, type: types[i]! }));
      return { kind, name: text(1), fields, classIndex: classIndex(4) };
    }
    case 'array':
      return { kind, element: readTypeDescription(memory, at(1)), length: number(2) };
    case 'enum':
      return { kind, name: text(1), representation: text(2), classIndex: classIndex(3) };
    case 'opaque':
    case 'object':
      return { kind, name: text(1), classIndex: classIndex(2) };
    case 'callback':
      return { kind, signature: at(1) === memory.nil ? undefined : signatureText(memory, at(1)) };
    default:
      throw malformed(memory, oop);
  }
}

const isText = (memory: ObjectMemory, oop: Oop): boolean => !isImmediate(oop) && memory.isBytes(oop);

function elements(memory: ObjectMemory, array: Oop): Oop[] {
  if (isImmediate(array) || memory.classIndexOfObject(array) !== ClassIndex.ARRAY) throw malformed(memory, array);
  return Array.from({ length: memory.slotCountOf(array) }, (_, i) => memory.fetchPointer(array, i));
}

function malformed(memory: ObjectMemory, oop: Oop): LinkError {
  const what = oop === memory.nil ? 'nil' : `an instance of ${memory.classNameOf(oop)}`;
  return new LinkError(`the description of a type holds ${what}, which is none (FFIExternalType class>>describe:for:)`);
}
