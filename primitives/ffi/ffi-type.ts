/**
 * A type as a signature of the image uses it: the C type that the engine passes, how the result becomes an object, and what
 * must be done to an argument before the engine takes it.
 */
import { arrayOf, type CType, opaqueRecord, parseType, pointerTo, structOf, unionOf } from '../../safeffi/index.ts';
import type { CallbackShape } from './image-callbacks.ts';
import type { TypeDescription } from './type-description.ts';
import type { ResultConversion } from './values.ts';

/** What an argument goes through on its way to C, where the object alone does not tell. */
export type Adaptation =
  /** By value: the bytes of the record, wherever its handle keeps them. */
  | { readonly kind: 'record'; readonly sizeBytes: number; readonly classIndex: number; readonly name: string }
  /** An instance of the class, or an address, buffer or nil. */
  | { readonly kind: 'instance'; readonly classIndex: number; readonly name: string }
  /** A pointer to a pointer: an ExternalAddress given for it is written by C. */
  | { readonly kind: 'outPointer' }
  /** A symbol of the enumeration, or its item, or an integer. */
  | { readonly kind: 'enum'; readonly classIndex: number; readonly name: string }
  /** A pointer to a function: a block may be given for it, as a callback for the length of the call. */
  | { readonly kind: 'callback'; readonly shape: CallbackShape | undefined };

export interface FfiType {
  readonly cType: CType;
  readonly result: ResultConversion;
  readonly adaptation: Adaptation | undefined;
}

/**
 * The type that a description stands for, with `depth` pointers around it. `shapeOf` resolves the signature of a function that
 * is pointed to. Throws the engine's CalloutError.
 */
export function ffiTypeOf(
  description: TypeDescription,
  depth: number,
  isConst: boolean,
  shapeOf: (signature: string) => CallbackShape,
): FfiType {
  if (description.kind === 'pointer') return ffiTypeOf(description.target, depth + description.depth, isConst, shapeOf);
  const cType = cTypeOf(description, depth, isConst);
  return {
    cType,
    result: resultOf(description, depth, cType),
    adaptation: adaptationOf(description, depth, cType, shapeOf),
  };
}

/** C's type: for layouts, which need no more. */
export function cTypeOf(description: TypeDescription, depth = 0, isConst = false): CType {
  if (description.kind === 'c')
    return parseType(`${isConst ? 'const ' : ''}${description.name} ${'*'.repeat(depth)}`.trim());
  let type = baseTypeOf(description);
  for (let i = 0; i < depth; i++) type = pointerTo(type, isConst && depth === 1);
  return type;
}

function baseTypeOf(description: TypeDescription): CType {
  switch (description.kind) {
    case 'c':
      return parseType(description.name);
    case 'pointer':
      return cTypeOf(description.target, description.depth);
    case 'struct':
    case 'packed':
    case 'union': {
      const members = description.fields.map(({ name, type }) => ({ name, type: cTypeOf(type) }));
      return description.kind === 'union'
        ? unionOf(description.name, members)
        : structOf(description.name, members, description.kind === 'packed');
    }
    case 'array':
      return arrayOf(cTypeOf(description.element), description.length);
    case 'enum':
      return { ...parseType(description.representation), name: description.name } as CType;
    case 'opaque':
      return opaqueRecord('struct', description.name);
    case 'object':
      return { ...pointerTo(parseType('void')), name: description.name, target: undefined };
    case 'callback':
      return pointerTo(parseType('void'));
  }
}

/** How many pointers deep the value is that the function takes: what stands for a pointer itself counts as one. */
function valueDepth(description: TypeDescription, depth: number): number {
  return description.kind === 'object' || description.kind === 'callback' ? depth + 1 : depth;
}

function adaptationOf(
  description: TypeDescription,
  depth: number,
  cType: CType,
  shapeOf: (signature: string) => CallbackShape,
): Adaptation | undefined {
  if (valueDepth(description, depth) > 1) return { kind: 'outPointer' };
  switch (description.kind) {
    case 'struct':
    case 'packed':
    case 'union': {
      const { classIndex, name } = description;
      return depth === 0
        ? { kind: 'record', sizeBytes: cType.sizeBytes, classIndex, name }
        : { kind: 'instance', classIndex, name };
    }
    case 'opaque':
    case 'object':
      return { kind: 'instance', classIndex: description.classIndex, name: description.name };
    case 'enum':
      return depth === 0 ? { kind: 'enum', classIndex: description.classIndex, name: description.name } : undefined;
    case 'callback':
      return {
        kind: 'callback',
        shape: description.signature === undefined ? undefined : shapeOf(description.signature),
      };
    default:
      return undefined;
  }
}

function resultOf(description: TypeDescription, depth: number, cType: CType): ResultConversion {
  if (valueDepth(description, depth) > 1) return { kind: 'address' };
  switch (description.kind) {
    case 'struct':
    case 'packed':
    case 'union':
      return { kind: depth === 0 ? 'record' : 'reference', classIndex: description.classIndex };
    case 'opaque':
    case 'object':
      return { kind: 'reference', classIndex: description.classIndex };
    case 'enum':
      return depth === 0 ? { kind: 'enum', classIndex: description.classIndex } : { kind: 'address' };
    default:
      return { kind: scalarResult(cType) };
  }
}

function scalarResult(cType: CType): Exclude<ResultConversion['kind'], 'record' | 'reference' | 'enum'> {
  switch (cType.kind) {
    case 'void':
      return 'void';
    case 'float':
      return 'float';
    case 'bool':
      return 'boolean';
    case 'pointer':
      return /\bchar \*$/.test(cType.name) && cType.target?.kind !== 'pointer' ? 'string' : 'address';
    default:
      return cType.name === 'char' ? 'character' : 'integer';
  }
}
