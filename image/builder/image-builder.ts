/**
 * Makes a fresh Spur image from definitions: roots, classes, globals, special objects, methods, the scheduler. What it
 * leaves is complete for the VM but not yet initialised: whoever runs it first performs
 * `SystemInitializer class>>#initializeImage` (hashed collections rehash there, class sides initialise).
 *
 * The order of the first objects is Spur's: nil, false, true, the free lists, the hidden roots. Nothing collects while an
 * image is made, so oops in JavaScript variables stay valid throughout.
 */
import { SPECIAL_SELECTORS } from '../../vm/bytecode/special-selectors.ts';
import { layFoundation } from '../../vm/memory/foundation.ts';
import { ObjectMemory, type ObjectMemoryOptions } from '../../vm/memory/object-memory.ts';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import {
  AssociationSlot,
  BehaviorSlot,
  ClassIndex,
  ClassSlot,
  ProcessSlot,
  SchedulerSlot,
  SpecialObject,
} from '../../vm/memory/well-known.ts';
import { compileMethod } from '../compiler/compile.ts';
import { CompileError } from '../compiler/compile-error.ts';
import type { ClassDefinition, MethodDefinition } from './class-definition.ts';
import { ClassMaker, type MadeClass, superclassesFirst } from './class-maker.ts';
import { CodeInstaller, type InstallEnvironment } from './code-installer.ts';
import { BuildError, InstallError } from './errors.ts';
import { addMethod, newMethodDictionary } from './method-dictionary.ts';
import {
  FIXED_CLASS_INDICES,
  PRIMITIVE_ERROR_NAMES,
  SPECIAL_OBJECT_CLASSES,
  SPECIAL_OBJECT_SYMBOLS,
} from './special-objects.ts';
import { Symbols } from './symbols.ts';

export interface ImageSources {
  readonly classes: readonly ClassDefinition[];
  readonly methods: readonly MethodDefinition[];
}

export interface BuildOptions extends ObjectMemoryOptions {
  /** Told how far the build is: methods compiled, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

const PRIORITIES = 80;
const USER_PRIORITY = 40;
const ACCESS_TO_SMALLTALK = 'Smalltalk';

/** An object memory that holds the image which `sources` define. Throws `BuildError` with every complaint there is. */
export function buildImage(sources: ImageSources, options: BuildOptions = {}): ObjectMemory {
  return new ImageBuilder(options).build(sources, options.onProgress);
}

/** Room for what is built: nothing is collected meanwhile. Address space, of which what is not used costs nothing. */
const BUILD_BYTES = 256 << 20;

class ImageBuilder implements InstallEnvironment {
  private readonly memory: ObjectMemory;
  private readonly symbols: Symbols;
  private readonly classes = new Map<string, MadeClass>();
  private readonly globals = new Map<string, Oop>();
  private readonly classVariables = new Map<Oop, Map<string, Oop>>();
  /** Selector, protocol, selector, protocol, ... of the methods of a class or metaclass. */
  private readonly protocols = new Map<Oop, Oop[]>();
  private readonly installer: CodeInstaller;

  constructor(options: BuildOptions) {
    this.memory = new ObjectMemory(options);
    this.memory.growFor(BUILD_BYTES);
    this.symbols = new Symbols(this.memory, FIXED_CLASS_INDICES.Symbol);
    this.installer = new CodeInstaller(this.memory, this.symbols, this);
  }

  build(sources: ImageSources, onProgress: BuildOptions['onProgress']): ObjectMemory {
    this.layOutRoots();
    this.makeClasses(sources.classes);
    this.makeGlobals();
    this.makeScheduler();
    this.fillSpecialObjects();
    this.installMethods(sources.methods, onProgress);
    return this.memory;
  }

  private layOutRoots(): void {
    const { memory } = this;
    layFoundation(memory, {
      nil: FIXED_CLASS_INDICES.UndefinedObject,
      false: FIXED_CLASS_INDICES.False,
      true: FIXED_CLASS_INDICES.True,
    });
    memory.specialObjects = memory.newArray(SpecialObject.COUNT);
  }

  private makeClasses(definitions: readonly ClassDefinition[]): void {
    const { memory } = this;
    const maker = new ClassMaker(memory, this.symbols, FIXED_CLASS_INDICES.Metaclass);
    for (const definition of superclassesFirst(definitions)) {
      const superclass =
        definition.superclassName === undefined ? undefined : this.classes.get(definition.superclassName);
      this.classes.set(definition.name, maker.make(definition, superclass));
    }
    for (const [name, index] of Object.entries(FIXED_CLASS_INDICES)) memory.enterClass(this.classNamed(name), index);
    memory.enterClass(this.classNamed('SmallInteger'), ClassIndex.SMALL_INTEGER);
    memory.storePointer(
      memory.fetchPointer(memory.hiddenRoots, 0),
      ClassIndex.SMALL_INTEGER_ODD,
      this.classNamed('SmallInteger'),
    );
    for (const made of this.classes.values()) {
      memory.indexOfClass(made.behavior);
      memory.storePointer(
        made.metaclass,
        BehaviorSlot.SUPERCLASS,
        made.superclass?.metaclass ?? this.classNamed('Class'),
      );
    }
    this.linkSubclasses();
  }

  private linkSubclasses(): void {
    const { memory } = this;
    const subclasses = new Map<Oop, Oop[]>();
    for (const made of this.classes.values()) {
      if (made.superclass === undefined) continue;
      const list = subclasses.get(made.superclass.behavior) ?? [];
      list.push(made.behavior);
      subclasses.set(made.superclass.behavior, list);
    }
    for (const made of this.classes.values())
      memory.storePointer(made.behavior, ClassSlot.SUBCLASSES, this.arrayOf(subclasses.get(made.behavior) ?? []));
  }

  private makeGlobals(): void {
    const { memory } = this;
    for (const made of this.classes.values()) this.declareGlobal(made.definition.name, made.behavior);
    for (const name of [ACCESS_TO_SMALLTALK, 'Processor', 'Transcript']) this.declareGlobal(name, memory.nil);
    for (const made of this.classes.values()) {
      const names = made.definition.classVariableNames;
      const associations = new Map(
        names.map((name) => [name, this.installer.association(this.symbols.intern(name), memory.nil)]),
      );
      this.classVariables.set(made.behavior, associations);
      if (names.length > 0)
        memory.storePointer(
          made.behavior,
          ClassSlot.CLASS_POOL,
          this.dictionary('Dictionary', [...associations.values()]),
        );
      const pools = made.definition.poolNames.map((pool) => this.classNamed(pool));
      if (pools.length > 0) memory.storePointer(made.behavior, ClassSlot.SHARED_POOLS, this.arrayOf(pools));
    }
    const smalltalk = this.dictionary('SystemDictionary', [...this.globals.values()]);
    memory.storePointer(this.globals.get(ACCESS_TO_SMALLTALK)!, AssociationSlot.VALUE, smalltalk);
    for (const made of this.classes.values()) memory.storePointer(made.behavior, ClassSlot.ENVIRONMENT, smalltalk);
  }

  private declareGlobal(name: string, value: Oop): void {
    this.globals.set(name, this.installer.association(this.symbols.intern(name), value));
  }

  /** A hashed dictionary of associations, half full, in the order of the identity hashes of the keys. */
  private dictionary(className: string, associations: readonly Oop[]): Oop {
    const { memory } = this;
    let capacity = 8;
    while (capacity < associations.length * 2) capacity *= 2;
    const array = memory.newArray(capacity);
    for (const association of associations) {
      let index = memory.identityHashOf(memory.fetchPointer(association, AssociationSlot.KEY)) % capacity;
      while (memory.fetchPointer(array, index) !== memory.nil) index = (index + 1) % capacity;
      memory.storePointer(array, index, association);
    }
    const dictionary = memory.instantiate(this.classNamed(className));
    memory.storePointer(dictionary, 0, smallIntegerOop(associations.length));
    memory.storePointer(dictionary, 1, array);
    return dictionary;
  }

  private makeScheduler(): void {
    const { memory } = this;
    const lists = memory.newArray(PRIORITIES);
    for (let i = 0; i < PRIORITIES; i++)
      memory.storePointer(lists, i, memory.instantiate(this.classNamed('LinkedList')));
    const process = memory.instantiate(this.classNamed('Process'));
    memory.storePointer(process, ProcessSlot.PRIORITY, smallIntegerOop(USER_PRIORITY));
    const scheduler = memory.instantiate(this.classNamed('ProcessorScheduler'));
    memory.storePointer(scheduler, SchedulerSlot.QUIESCENT_LISTS, lists);
    memory.storePointer(scheduler, SchedulerSlot.ACTIVE_PROCESS, process);
    memory.storePointer(this.globals.get('Processor')!, AssociationSlot.VALUE, scheduler);
  }

  private fillSpecialObjects(): void {
    const { memory } = this;
    const set = (index: number, value: Oop): void => memory.storePointer(memory.specialObjects, index, value);
    set(SpecialObject.NIL, memory.nil);
    set(SpecialObject.FALSE, memory.false);
    set(SpecialObject.TRUE, memory.true);
    set(SpecialObject.SCHEDULER_ASSOCIATION, this.globals.get('Processor')!);
    set(SpecialObject.SMALLTALK, memory.fetchPointer(this.globals.get(ACCESS_TO_SMALLTALK)!, AssociationSlot.VALUE));
    for (const [index, name] of SPECIAL_OBJECT_CLASSES) set(index, this.classNamed(name));
    for (const [index, selector] of SPECIAL_OBJECT_SYMBOLS) set(index, this.symbols.intern(selector));
    const selectors = memory.newArray(SPECIAL_SELECTORS.length * 2);
    SPECIAL_SELECTORS.forEach(({ selector, argumentCount }, i) => {
      memory.storePointer(selectors, 2 * i, this.symbols.intern(selector));
      memory.storePointer(selectors, 2 * i + 1, smallIntegerOop(argumentCount));
    });
    set(SpecialObject.SPECIAL_SELECTORS, selectors);
    set(
      SpecialObject.PRIMITIVE_ERROR_TABLE,
      this.arrayOf(PRIMITIVE_ERROR_NAMES.map((name) => this.symbols.intern(name))),
    );
  }

  private installMethods(methods: readonly MethodDefinition[], onProgress: BuildOptions['onProgress']): void {
    const { memory } = this;
    const dictionaryIndex = memory.indexOfClass(this.classNamed('MethodDictionary'));
    const counts = new Map<string, number>();
    const sideOf = (name: string, isClassSide: boolean): string => (isClassSide ? `${name} class` : name);
    for (const method of methods) {
      const side = sideOf(method.className, method.isClassSide);
      counts.set(side, (counts.get(side) ?? 0) + 1);
    }
    for (const made of this.classes.values()) {
      const name = made.definition.name;
      for (const [behavior, side] of [
        [made.behavior, name],
        [made.metaclass, sideOf(name, true)],
      ] as const)
        memory.storePointer(
          behavior,
          BehaviorSlot.METHOD_DICTIONARY,
          newMethodDictionary(memory, dictionaryIndex, counts.get(side) ?? 0),
        );
    }
    const complaints: string[] = [];
    methods.forEach((method, i) => {
      try {
        this.installMethod(method);
      } catch (error) {
        if (!(error instanceof CompileError || error instanceof InstallError)) throw error;
        complaints.push(
          error instanceof CompileError ? error.message : `${method.file}:${method.line}: ${error.message}`,
        );
      }
      if (i % 100 === 99 || i === methods.length - 1) onProgress?.(i + 1, methods.length);
    });
    if (complaints.length > 0) throw new BuildError(complaints);
    this.organize();
  }

  /** Comments and protocols: a ClassOrganization (comment, Array of selector, protocol, ...) for each class and metaclass. */
  private organize(): void {
    const { memory } = this;
    for (const { definition, behavior, metaclass } of this.classes.values())
      for (const each of [behavior, metaclass]) {
        const comment =
          each === behavior && definition.comment !== '' ? this.installer.string(definition.comment) : memory.nil;
        const organization = memory.instantiate(this.classNamed('ClassOrganization'));
        memory.storePointer(organization, 0, comment);
        memory.storePointer(organization, 1, this.arrayOf(this.protocols.get(each) ?? []));
        memory.storePointer(each, ClassSlot.ORGANIZATION, organization);
      }
  }

  private installMethod(definition: MethodDefinition): void {
    const made = this.classes.get(definition.className);
    if (made === undefined)
      throw new InstallError(
        'unknown-class',
        `a method is given for class ${definition.className}, which is not defined`,
      );
    const classVariables = this.classes.get('Class')?.instanceVariableNames ?? [];
    const code = compileMethod(
      definition.source,
      {
        instanceVariableNames: definition.isClassSide
          ? [...classVariables, ...made.classInstanceVariableNames]
          : made.instanceVariableNames,
        hasBinding: (name) => this.bindingOf(name, made.behavior) !== undefined,
      },
      {
        className: definition.isClassSide ? `${definition.className} class` : definition.className,
        file: definition.file,
        line: definition.line,
      },
    );
    const behavior = definition.isClassSide ? made.metaclass : made.behavior;
    const binding = definition.isClassSide
      ? this.installer.association(this.memory.nil, made.metaclass)
      : this.globals.get(definition.className)!;
    const method = this.installer.method(code, made.behavior, binding);
    const selector = this.symbols.intern(code.selector);
    addMethod(this.memory, behavior, selector, method);
    if (definition.protocol === '') return;
    const protocols = this.protocols.get(behavior) ?? [];
    protocols.push(selector, this.symbols.intern(definition.protocol));
    this.protocols.set(behavior, protocols);
  }

  // InstallEnvironment

  bindingOf(name: string, behavior: Oop): Oop | undefined {
    for (let at = behavior; at !== this.memory.nil; at = this.memory.fetchPointer(at, BehaviorSlot.SUPERCLASS)) {
      const own = this.classVariables.get(at)?.get(name) ?? this.poolBindingOf(name, at);
      if (own !== undefined) return own;
    }
    return this.globals.get(name);
  }

  private poolBindingOf(name: string, behavior: Oop): Oop | undefined {
    const { memory } = this;
    const pools = memory.fetchPointer(behavior, ClassSlot.SHARED_POOLS);
    if (pools === memory.nil) return undefined;
    for (let i = 0; i < memory.slotCountOf(pools); i++) {
      const found = this.classVariables.get(memory.fetchPointer(pools, i))?.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  classNamed(name: string): Oop {
    const made = this.classes.get(name);
    if (made === undefined)
      throw new InstallError('class-missing', `the sources define no class ${name}, which every image needs`);
    return made.behavior;
  }

  private arrayOf(elements: readonly Oop[]): Oop {
    const array = this.memory.newArray(elements.length);
    elements.forEach((element, i) => {
      this.memory.storePointer(array, i, element);
    });
    return array;
  }
}
