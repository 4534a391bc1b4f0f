/**
 * Makes class and metaclass objects from definitions, superclasses first, in an image in the making.
 *
 * Layout of both: `ClassSlot` and `MetaclassSlot` in vm/memory/well-known.ts. The format slot holds the instance
 * specification: bits 0 to 15 the count of named variables, bits 16 to 20 the object format (Spur).
 */
import { Format } from '../../vm/memory/header.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { BehaviorSlot, ClassSlot, MetaclassSlot } from '../../vm/memory/well-known.ts';
import type { ClassDefinition, ClassType } from './class-definition.ts';
import { InstallError } from './errors.ts';
import type { SymbolSource } from './symbols.ts';

export interface MadeClass {
  readonly definition: ClassDefinition;
  readonly behavior: Oop;
  readonly metaclass: Oop;
  readonly instanceVariableNames: readonly string[];
  readonly classInstanceVariableNames: readonly string[];
  readonly superclass: MadeClass | undefined;
}

const FORMAT_OF_TYPE: Record<Exclude<ClassType, 'normal' | 'variable'>, number> = {
  weak: Format.WEAK_INDEXABLE,
  ephemeron: Format.EPHEMERON,
  bytes: Format.BYTES,
  words: Format.BITS_32,
  doubleBytes: Format.BITS_16,
  doubleWords: Format.BITS_64,
  compiledMethod: Format.COMPILED_METHOD,
  immediate: Format.FORWARDED,
};

/** The format field of a class: object format and count of named variables. */
export function instanceSpecification(type: ClassType, fixedSlots: number, inheritsIndexable: boolean): number {
  let format: number;
  if (type === 'variable' || (type === 'normal' && inheritsIndexable))
    format = fixedSlots === 0 ? Format.INDEXABLE : Format.FIXED_AND_INDEXABLE;
  else if (type === 'normal') format = fixedSlots === 0 ? Format.ZERO_SIZED : Format.FIXED;
  else format = FORMAT_OF_TYPE[type];
  return (format << 16) | fixedSlots;
}

/** `file:line: `, for an editor to follow. */
const placeOf = ({ origin }: ClassDefinition): string =>
  origin === undefined ? '' : `${origin.file}:${origin.line}: `;

const otherPlace = (first: ClassDefinition | undefined): string =>
  first?.origin === undefined ? '' : `, the first time in ${first.origin.file}:${first.origin.line}`;

/** The definitions ordered so that each stands after its superclass, unless that is a class which `isKnown` has already. */
export function superclassesFirst(
  definitions: readonly ClassDefinition[],
  isKnown: (name: string) => boolean = () => false,
): ClassDefinition[] {
  const byName = new Map<string, ClassDefinition>();
  for (const definition of definitions) {
    if (byName.has(definition.name))
      throw new InstallError(
        'duplicate-class',
        `${placeOf(definition)}class ${definition.name} is defined twice${otherPlace(byName.get(definition.name))}`,
      );
    byName.set(definition.name, definition);
  }
  const ordered: ClassDefinition[] = [];
  const state = new Map<string, 'visiting' | 'done'>();
  const visit = (definition: ClassDefinition): void => {
    if (state.get(definition.name) === 'done') return;
    if (state.get(definition.name) === 'visiting')
      throw new InstallError(
        'superclass-cycle',
        `${placeOf(definition)}class ${definition.name} is its own superclass, by way of others`,
      );
    state.set(definition.name, 'visiting');
    if (definition.superclassName !== undefined) {
      const superclass = byName.get(definition.superclassName);
      if (superclass !== undefined) visit(superclass);
      else if (!isKnown(definition.superclassName))
        throw new InstallError(
          'unknown-superclass',
          `${placeOf(definition)}class ${definition.name} has the superclass ${definition.superclassName}, which is not defined`,
        );
    }
    state.set(definition.name, 'done');
    ordered.push(definition);
  };
  for (const definition of definitions) visit(definition);
  return ordered;
}

/**
 * Allocates one class and its metaclass and fills the slots that need no other object but the superclass. Classes and
 * names are given as oops by later steps: `linkClass`.
 */
export class ClassMaker {
  private readonly memory: ObjectMemory;
  private readonly symbols: SymbolSource;
  private readonly metaclassIndex: number;

  /** `metaclassIndex` is the class index that Metaclass has or will get. */
  constructor(memory: ObjectMemory, symbols: SymbolSource, metaclassIndex: number) {
    this.memory = memory;
    this.symbols = symbols;
    this.metaclassIndex = metaclassIndex;
  }

  make(definition: ClassDefinition, superclass: MadeClass | undefined): MadeClass {
    const { memory } = this;
    const instanceVariableNames = [...(superclass?.instanceVariableNames ?? []), ...definition.instanceVariableNames];
    const classInstanceVariableNames = [
      ...(superclass?.classInstanceVariableNames ?? []),
      ...definition.classInstanceVariableNames,
    ];
    const metaclass = memory.allocatePointers(this.metaclassIndex, Format.FIXED, MetaclassSlot.COUNT);
    const metaclassClassIndex = memory.indexOfClass(metaclass);
    const classSlots = ClassSlot.COUNT + classInstanceVariableNames.length;
    const behavior = memory.allocatePointers(metaclassClassIndex, Format.FIXED, classSlots);
    memory.storePointer(metaclass, MetaclassSlot.THIS_CLASS, behavior);
    memory.storePointer(
      metaclass,
      BehaviorSlot.FORMAT,
      smallIntegerOop(instanceSpecification('normal', classSlots, false)),
    );
    memory.storePointer(
      metaclass,
      MetaclassSlot.INSTANCE_VARIABLES,
      this.symbolArray(definition.classInstanceVariableNames),
    );
    memory.storePointer(behavior, BehaviorSlot.SUPERCLASS, superclass?.behavior ?? memory.nil);
    memory.storePointer(behavior, BehaviorSlot.FORMAT, smallIntegerOop(this.specificationOf(definition, superclass)));
    memory.storePointer(behavior, ClassSlot.INSTANCE_VARIABLES, this.symbolArray(definition.instanceVariableNames));
    memory.storePointer(behavior, ClassSlot.NAME, this.symbols.intern(definition.name));
    memory.storePointer(
      behavior,
      ClassSlot.CATEGORY,
      definition.packageName === '' ? memory.nil : this.symbols.intern(definition.packageName),
    );
    return { definition, behavior, metaclass, instanceVariableNames, classInstanceVariableNames, superclass };
  }

  private specificationOf(definition: ClassDefinition, superclass: MadeClass | undefined): number {
    const { memory } = this;
    const inherited = superclass === undefined ? Format.ZERO_SIZED : memory.instanceFormatOf(superclass.behavior);
    const fixed =
      (superclass === undefined ? 0 : memory.fixedSlotsOf(superclass.behavior)) +
      definition.instanceVariableNames.length;
    if (definition.type === 'normal' && inherited > Format.FIXED_AND_INDEXABLE) {
      // A subclass that says nothing of its layout keeps its superclass's: Symbol of ByteString, Character's of its own.
      return (inherited << 16) | fixed;
    }
    if (inherited >= Format.BITS_64 && definition.instanceVariableNames.length > 0)
      throw new InstallError(
        'bad-class-type',
        `${placeOf(definition)}class ${definition.name} adds instance variables to ${definition.superclassName}, whose instances hold bits`,
      );
    const inheritsIndexable = inherited === Format.INDEXABLE || inherited === Format.FIXED_AND_INDEXABLE;
    return instanceSpecification(definition.type, fixed, inheritsIndexable);
  }

  private symbolArray(names: readonly string[]): Oop {
    const array = this.memory.newArray(names.length);
    names.forEach((name, i) => {
      this.memory.storePointer(array, i, this.symbols.intern(name));
    });
    return array;
  }
}
