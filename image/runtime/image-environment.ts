/**
 * Names as a running image sees them: instance variables, class variables, pools, globals and symbols, read from its own
 * dictionaries. What the compiler needs to compile for a class of the image, and to install what it made.
 *
 * Valid until the next safepoint: it holds oops. Cheap to make; symbols are looked up in one walk over the heap, the first
 * time one is asked for.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, type Oop } from '../../vm/memory/oop.ts';
import { AssociationSlot, BehaviorSlot, ClassSlot, MetaclassSlot, SpecialObject } from '../../vm/memory/well-known.ts';
import type { InstallEnvironment } from '../builder/code-installer.ts';
import { InstallError } from '../builder/errors.ts';
import type { CompilationScope } from '../compiler/compiled-code.ts';

/** A hashed collection keeps its elements in the array in its second slot; nil is an empty place. */
const HASHED_COLLECTION_ARRAY = 1;

export class ImageEnvironment implements InstallEnvironment {
  private readonly memory: ObjectMemory;
  private readonly globals: Map<string, Oop>;
  /** Names that methods were compiled with before they were defined; made when the first is asked for. */
  private undeclared: Map<string, Oop> | undefined;

  constructor(memory: ObjectMemory) {
    this.memory = memory;
    this.globals = new Map();
    for (const association of this.associationsOf(memory.specialObject(SpecialObject.SMALLTALK)))
      this.globals.set(memory.stringValueOf(memory.fetchPointer(association, AssociationSlot.KEY)), association);
  }

  /** The associations of a dictionary of the image. */
  private associationsOf(dictionary: Oop): Oop[] {
    const { memory } = this;
    if (dictionary === memory.nil) return [];
    const array = memory.fetchPointer(dictionary, HASHED_COLLECTION_ARRAY);
    const found: Oop[] = [];
    for (let i = 0; i < memory.slotCountOf(array); i++) {
      const element = memory.fetchPointer(array, i);
      if (element !== memory.nil) found.push(element);
    }
    return found;
  }

  classNamed(name: string): Oop {
    const behavior = this.globalNamed(name);
    if (behavior === undefined)
      throw new InstallError('class-missing', `the image has no class ${name}, which the compiler needs`);
    return behavior;
  }

  /** The value of a global, or undefined when there is none of that name. */
  globalNamed(name: string): Oop | undefined {
    const association = this.globals.get(name);
    return association === undefined ? undefined : this.memory.fetchPointer(association, AssociationSlot.VALUE);
  }

  /** The association of the class itself: what a method's last literal is. */
  bindingOfClass(behavior: Oop): Oop | undefined {
    const { memory } = this;
    if (this.isMetaclass(behavior)) return undefined;
    return this.globals.get(memory.stringValueOf(memory.fetchPointer(behavior, ClassSlot.NAME)));
  }

  bindingOf(name: string, behavior: Oop): Oop | undefined {
    const { memory } = this;
    const start = this.isMetaclass(behavior) ? memory.fetchPointer(behavior, MetaclassSlot.THIS_CLASS) : behavior;
    for (let at = start; at !== memory.nil; at = memory.fetchPointer(at, BehaviorSlot.SUPERCLASS)) {
      const own = this.variableIn(memory.fetchPointer(at, ClassSlot.CLASS_POOL), name) ?? this.inPoolsOf(at, name);
      if (own !== undefined) return own;
    }
    return this.globals.get(name) ?? this.undeclaredNamed(name);
  }

  private undeclaredNamed(name: string): Oop | undefined {
    if (this.undeclared === undefined) {
      const { memory } = this;
      const dictionary = this.globalNamed('Undeclared') ?? memory.nil;
      this.undeclared = new Map(
        this.associationsOf(dictionary).map((association) => [
          memory.stringValueOf(memory.fetchPointer(association, AssociationSlot.KEY)),
          association,
        ]),
      );
    }
    return this.undeclared.get(name);
  }

  private inPoolsOf(behavior: Oop, name: string): Oop | undefined {
    const { memory } = this;
    const pools = memory.fetchPointer(behavior, ClassSlot.SHARED_POOLS);
    if (pools === memory.nil || !memory.isPointers(pools)) return undefined;
    for (let i = 0; i < memory.slotCountOf(pools); i++) {
      const pool = memory.fetchPointer(memory.fetchPointer(pools, i), ClassSlot.CLASS_POOL);
      const found = this.variableIn(pool, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private variableIn(dictionary: Oop, name: string): Oop | undefined {
    const { memory } = this;
    return this.associationsOf(dictionary).find(
      (association) => memory.stringValueOf(memory.fetchPointer(association, AssociationSlot.KEY)) === name,
    );
  }

  /** What a method of `behavior` may name. */
  scopeOf(behavior: Oop): CompilationScope {
    return {
      instanceVariableNames: this.instanceVariableNamesOf(behavior),
      hasBinding: (name) => this.bindingOf(name, behavior) !== undefined,
    };
  }

  /** What statements may name that run at once: nothing that is still to be defined. */
  scopeOfDoit(): CompilationScope {
    return { instanceVariableNames: [], hasBinding: (name) => this.globals.has(name) };
  }

  /** All instance variables in slot order, inherited ones first. */
  instanceVariableNamesOf(behavior: Oop): string[] {
    const { memory } = this;
    const names: string[] = [];
    for (let at = behavior; at !== memory.nil; at = memory.fetchPointer(at, BehaviorSlot.SUPERCLASS)) {
      const own = memory.fetchPointer(at, ClassSlot.INSTANCE_VARIABLES);
      if (own === memory.nil) continue;
      const ownNames: string[] = [];
      for (let i = 0; i < memory.slotCountOf(own); i++)
        ownNames.push(memory.stringValueOf(memory.fetchPointer(own, i)));
      names.unshift(...ownNames);
    }
    return names;
  }

  /** Metaclasses are the instances of Metaclass: the class of the class of any class. */
  private isMetaclass(behavior: Oop): boolean {
    const { memory } = this;
    if (isImmediate(behavior)) return false;
    return memory.slotCountOf(behavior) === MetaclassSlot.COUNT;
  }
}
