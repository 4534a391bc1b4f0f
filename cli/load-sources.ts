/**
 * Loads Tonel sources into a running image, as a programmer would type them in: classes by definition messages, superclasses
 * first, then methods, each in its protocol. A class that the image has already is brought up to date.
 *
 * What the image's class builder does not do at run time is refused with a sentence before anything is changed.
 */
import type { ClassDefinition, ClassType, MethodDefinition } from '../image/builder/class-definition.ts';
import { superclassesFirst } from '../image/builder/class-maker.ts';
import { InstallError } from '../image/builder/errors.ts';
import type { ImageSources } from '../image/builder/image-builder.ts';
import type { Oop } from '../vm/memory/oop.ts';
import type { ImageSession } from './image-session.ts';
import type { Failure } from './script.ts';

const DEFINING_KEYWORD: Partial<Record<ClassType, string>> = {
  normal: 'subclass:',
  variable: 'variableSubclass:',
  bytes: 'variableByteSubclass:',
  words: 'variableWordSubclass:',
  weak: 'weakSubclass:',
};

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
  for (const [i, method] of sources.methods.entries()) {
    const outcome = session.installMethod(method.source, behaviorOf(session, method), {
      file: method.file,
      line: method.line,
      protocol: method.protocol,
    });
    if (outcome.kind !== 'value') return outcome;
    onProgress(i + 1, sources.methods.length);
  }
  return undefined;
}

function definitionSource(definition: ClassDefinition): string {
  const { name, type, superclassName } = definition;
  const keyword = DEFINING_KEYWORD[type];
  if (keyword === undefined)
    throw new InstallError('bad-class-type', `class ${name} of type ${type} cannot be defined in a running image`);
  if (definition.classInstanceVariableNames.length > 0)
    throw new InstallError(
      'bad-class-type',
      `class ${name} has the class instance variables ${definition.classInstanceVariableNames.join(' ')}, which cannot be added in a running image`,
    );
  const variables = (names: readonly string[]): string => quoted(names.join(' '));
  return [
    `(${superclassName ?? 'nil'} ${keyword} #${name} instanceVariableNames: ${variables(definition.instanceVariableNames)}`,
    ` classVariableNames: ${variables(definition.classVariableNames)} package: ${quoted(definition.packageName)})`,
    definition.poolNames.length === 0 ? '' : ` setSharedPools: {${definition.poolNames.join('. ')}};`,
    ` comment: ${quoted(definition.comment)}`,
  ].join('');
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
