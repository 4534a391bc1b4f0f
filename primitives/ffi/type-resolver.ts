/**
 * From a type as a signature writes it to the type that the engine passes: uFFI's own names, C's, then what the image
 * defines: structures, enumerations, aliases in class variables. What the image told is remembered until a definition
 * changes.
 */
import { type FfiType, ffiTypeOf } from './ffi-type.ts';
import type { CallbackShape } from './image-callbacks.ts';
import type { TypeDescription } from './type-description.ts';
import { cName, isKnownToC } from './type-names.ts';
import type { TypeReference } from './uffi-signature.ts';

/** Where names of types are looked up: the class whose method makes the callout. */
export interface TypeScope {
  readonly className: string;
  /** What the image knows under that name; undefined for nothing. Objects may move. Throws LinkError. */
  describe(name: string): TypeDescription | undefined;
}

export class TypeResolver {
  private readonly described = new Map<string, TypeDescription | undefined>();

  /** Definitions changed. */
  forget(): void {
    this.described.clear();
  }

  /** Throws LinkError or the engine's CalloutError for a type that is none. */
  resolve(reference: TypeReference, scope: TypeScope, shapeOf: (signature: string) => CallbackShape): FfiType {
    return ffiTypeOf(this.description(reference, scope), reference.pointerDepth, reference.isConst, shapeOf);
  }

  private description(reference: TypeReference, scope: TypeScope): TypeDescription {
    const name = cName(reference.name);
    if (name !== undefined) {
      const stars = name.match(/\*/g)?.length ?? 0;
      const base: TypeDescription = { kind: 'c', name: name.replaceAll('*', '').trim() };
      return stars === 0 ? base : { kind: 'pointer', target: base, depth: stars };
    }
    if (isKnownToC(reference.name)) return { kind: 'c', name: reference.name };
    const key = `${scope.className}\0${reference.name}`;
    if (!this.described.has(key)) this.described.set(key, scope.describe(reference.name));
    // C's headers name many structs that only pointers are had of: FILE, DIR. Without a pointer the engine refuses the name.
    return this.described.get(key) ?? { kind: 'c', name: reference.name };
  }
}
