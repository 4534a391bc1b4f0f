/**
 * The text of a signature that stands in a method as a literal array, for the signature's grammar. The compiler has turned
 * `#( int abs ( int n ) )` into symbols, numbers, strings and nested arrays; here it becomes text again, with a blank between
 * any two elements.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { characterValue, isCharacter, isImmediate, type Oop } from '../../vm/memory/oop.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { SignatureError } from './errors.ts';

/** Deeper nesting than this is no signature, and may be a cycle. */
const MAX_DEPTH = 8;

/** The text of a signature given as an Array or a String; throws `SignatureError` for anything else. */
export function signatureText(memory: ObjectMemory, signature: Oop): string {
  if (!isImmediate(signature)) {
    if (memory.isBytes(signature)) return memory.stringValueOf(signature);
    if (memory.classIndexOfObject(signature) === ClassIndex.ARRAY) return elementsText(memory, signature, 0);
  }
  throw new SignatureError(
    `a signature is ${describe(memory, signature)}, expected a literal array #( type name ( type argument ) ) or a String`,
  );
}

function elementsText(memory: ObjectMemory, array: Oop, depth: number): string {
  if (depth > MAX_DEPTH) throw new SignatureError(`a signature is nested more than ${MAX_DEPTH} deep`);
  const parts: string[] = [];
  for (let i = 0; i < memory.slotCountOf(array); i++)
    parts.push(elementText(memory, memory.fetchPointer(array, i), depth));
  return parts.join(' ');
}

function elementText(memory: ObjectMemory, element: Oop, depth: number): string {
  if (isCharacter(element)) return `$${String.fromCodePoint(characterValue(element))}`;
  const integer = memory.integerValueOf(element);
  if (integer !== undefined) return integer.toString();
  if (element === memory.nil) return 'nil';
  if (element === memory.true) return 'true';
  if (element === memory.false) return 'false';
  switch (memory.classIndexOfObject(element)) {
    case ClassIndex.ARRAY:
      return `( ${elementsText(memory, element, depth + 1)} )`;
    case ClassIndex.FLOAT:
      return floatText(memory.floatValueOf(element));
    case ClassIndex.BYTE_STRING:
      return `'${memory.stringValueOf(element).replaceAll("'", "''")}'`;
    default:
      if (memory.isBytes(element)) return memory.stringValueOf(element);
      throw new SignatureError(`a signature holds ${describe(memory, element)}, which no signature can`);
  }
}

/** With a fraction or exponent, so that it reads as a float again. */
function floatText(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function describe(memory: ObjectMemory, oop: Oop): string {
  return oop === memory.nil ? 'nil' : `an instance of ${memory.classNameOf(oop)}`;
}
