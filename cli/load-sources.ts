/**
 * Loads Tonel sources into a running image, as a programmer would type them in: classes by definition messages, superclasses
 * first, then methods, each in its protocol; at last the class-side `initialize` of those that define one. A class that the
 * image has already is brought up to date. Methods that sources add to classes which neither they nor the image have are left
 * out, and said to be.
 */
import type { ClassDefinition, MethodDefinition } from '../image/builder/class-definition.ts';
import { superclassesFirst } from '../image/builder/class-maker.ts';
import { InstallError } from '../image/builder/errors.ts';
import type { ImageSources } from '../image/builder/image-builder.ts';
import type { Oop } from '../vm/memory/oop.ts';
import type { ImageSession } from './image-session.ts';
import { printTalk } from './output.ts';
import type { Failure } from './script.ts';

/**
 * Undefined when all is loaded; else the outcome of the definition that failed. Throws CompileError for a method that does
 * not compile, InstallError for what cannot be defined in a running image. `onProgress` is told methods loaded, of how many.
 */
export function loadSources(
  session: ImageSession,
  sources: ImageSources,
  onProgress: (done: number, total: number) => void,
): Failure | undefined {
  const definitions = superclassesFirst(sources.classes, (name) => session.vm.findClass(name) !== undefined).map(
    (definition) => ({ definition, source: definitionSource(definition) }),
  );
  for (const { definition, source } of definitions) {
    const outcome = session.evaluate(source, { file: `the definition of ${definition.name}` });
    if (outcome.kind !== 'value') return outcome;
  }
  const absent = new Set<string>();
  for (const [i, method] of sources.methods.entries()) {
    if (session.vm.findClass(method.className) === undefined) {
      absent.add(method.className);
      continue;
    }
    const outcome = session.installMethodOfSources(method.source, behaviorOf(session, method), {
      file: method.file,
      line: method.line,
      protocol: method.protocol,
    });
    if (outcome.kind !== 'value') return outcome;
    onProgress(i + 1, sources.methods.length);
  }
  if (absent.size > 0)
    printTalk(`left out: methods for classes that are not defined (${[...absent].sort().join(', ')})`);
  tellUndeclared(session);
  return initializeClasses(
    session,
    definitions.map(({ definition }) => definition.name),
    sources.methods,
  );
}

/** Names that methods use and nothing defines: they are nil until something does. */
function tellUndeclared(session: ImageSession): void {
  const outcome = session.evaluate(
    "(Smalltalk undeclared keys asArray collect: [ :each | each asString ]) sort joinSeparatedBy: ', '",
  );
  const names = outcome.kind === 'value' ? session.memory.stringValueOf(outcome.oop) : '';
  if (names !== '') printTalk(`not defined, and nil for now: ${names}`);
}

/** Runs the class-side `initialize` of each class whose sources define one, superclasses first. */
function initializeClasses(
  session: ImageSession,
  names: readonly string[],
  methods: readonly MethodDefinition[],
): Failure | undefined {
  const initialized = new Set(
    methods
      .filter(({ isClassSide, source }) => isClassSide && /^initialize(?!\S)/.test(source))
      .map(({ className }) => className),
  );
  for (const name of names) {
    if (!initialized.has(name)) continue;
    const outcome = session.evaluate(`${name} initialize`, { file: `the initialization of ${name}` });
    if (outcome.kind !== 'value') return outcome;
  }
  return undefined;
}

function definitionSource(definition: ClassDefinition): string {
  const names = (all: readonly string[]): string => `#( ${all.map((name) => `#${name}`).join(' ')} )`;
  return [
    `ClassBuilder new superclass: ${definition.superclassName ?? 'nil'}; name: #${definition.name}; layout: #${definition.type}`,
    `slots: ${names(definition.instanceVariableNames)}; classSlots: ${names(definition.classInstanceVariableNames)}`,
    `sharedVariables: ${names(definition.classVariableNames)}; sharedPools: ${names(definition.poolNames)}`,
    `category: ${quoted(definition.packageName)}; comment: ${quoted(definition.comment)}; build`,
  ].join('; ');
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function behaviorOf(session: ImageSession, { className, isClassSide, file, line }: MethodDefinition): Oop {
  const behavior = session.vm.findClass(className);
  if (behavior === undefined)
    throw new InstallError(
      'unknown-class',
      `${file}:${line}: a method is given for class ${className}, which is not defined`,
    );
  return isClassSide ? session.memory.classOf(behavior) : behavior;
}
