/**
 * Reads a Tonel file, Pharo's format for classes in git, versions 1 to 3: a comment, a definition, methods.
 *
 *     "What it is for."
 *     Class { #name : #Point, #superclass : #Object, #instVars : [ 'x', 'y' ], #category : #Kernel }
 *
 *     { #category : #accessing }
 *     Point >> x [
 *         ^ x
 *     ]
 *
 * A method's source is its pattern and what stands in its brackets, line breaks as they are, so that line n of the source is
 * line `line + n - 1` of the file. Traits are refused: the image has none.
 */
import type { ClassDefinition, ClassType, MethodDefinition } from './class-definition.ts';
import { lineAt, SourceFormatError, type SourceFormatErrorCode } from './source-format-error.ts';
import { closingBracket } from './source-scanner.ts';
import { type HeaderProblem, readDefinition, readMap, type TonelMap, type TonelValue } from './tonel-values.ts';

export interface TonelFile {
  /** Undefined for an extension of a class that another file defines, and for a package's file. */
  readonly definition: ClassDefinition | undefined;
  readonly methods: readonly MethodDefinition[];
}

const CLASS_TYPES: ReadonlySet<string> = new Set<ClassType>([
  'normal',
  'variable',
  'weak',
  'ephemeron',
  'bytes',
  'words',
  'doubleBytes',
  'doubleWords',
  'compiledMethod',
  'immediate',
]);
const isClassType = (text: string): text is ClassType => CLASS_TYPES.has(text);
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** `Point >> ` or `Point class >> `, up to the pattern. */
const METHOD_OWNER = /([A-Za-z_][A-Za-z0-9_]*)([ \t]+class)?[ \t]*>>[ \t]*/y;

/** What `text`, the contents of `file`, defines. Throws `SourceFormatError`. */
export function readTonel(text: string, file: string): TonelFile {
  return new TonelReader(text, file).read();
}

class TonelReader {
  private readonly text: string;
  private readonly file: string;
  private at = 0;

  constructor(text: string, file: string) {
    this.text = text.startsWith('\ufeff') ? text.slice(1) : text;
    this.file = file;
  }

  read(): TonelFile {
    const comment = this.comment();
    const start = this.at;
    const header = this.checked(readDefinition(this.upToBrace('the definition')), start);
    const { typeName, map } = header;
    if (typeName === 'Package') return { definition: undefined, methods: [] };
    const name = this.textAt(map, 'name', start);
    if (typeName === 'Trait')
      return this.fail('trait', `${name ?? 'it'} is a trait, and this image has no traits`, start);
    if (typeName !== 'Class' && typeName !== 'Extension')
      return this.fail('unknown-definition', `${typeName} is no Class, Extension or Package`, start);
    if (name === undefined || name === '') return this.fail('missing-name', `the ${typeName} has no #name`, start);
    const definition = typeName === 'Class' ? this.classDefinition(name, map, comment, start) : undefined;
    return { definition, methods: this.methods(name) };
  }

  private fail(code: SourceFormatErrorCode, sentence: string, offset: number): never {
    throw new SourceFormatError(code, sentence, this.file, lineAt(this.text, offset));
  }

  private skipSpace(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at]!)) this.at++;
  }

  /** The comment in front, quotes undoubled, without the line breaks next to its quotes. */
  private comment(): string {
    this.skipSpace();
    if (this.text[this.at] !== '"') return '';
    const start = this.at;
    const match = /"((?:[^"]|"")*)"(?!")/y;
    match.lastIndex = start;
    const found = match.exec(this.text);
    if (found === null) return this.fail('unterminated', 'the comment that starts here never ends', start);
    this.at = match.lastIndex;
    this.skipSpace();
    return found[1]!.replaceAll('""', '"').replace(/^\r?\n|\r?\n$/g, '');
  }

  /** The text from here to the brace that closes the next one. */
  private upToBrace(what: string): string {
    const start = this.at;
    const open = this.text.indexOf('{', start);
    if (open < 0) return this.fail('bad-header', `${what} has no {`, start);
    const close = closingBracket(this.text, open, '{}');
    if (typeof close !== 'number')
      return this.fail('unterminated', `the ${close.what} that starts here never ends`, close.at);
    this.at = close + 1;
    return this.text.slice(start, this.at);
  }

  private checked<T extends object>(result: T | HeaderProblem, start: number): T {
    if ('sentence' in result) return this.fail('bad-header', result.sentence, start + result.offset);
    return result;
  }

  private textAt(map: TonelMap, key: string, start: number): string | undefined {
    const value = map.get(key);
    if (value === undefined || typeof value === 'string') return value;
    return this.fail('bad-header', `#${key} is a list or map, where a name is expected`, start);
  }

  private names(map: TonelMap, key: string, start: number): string[] {
    const value: TonelValue = map.get(key) ?? [];
    if (!Array.isArray(value)) return this.fail('bad-header', `#${key} is no list`, start);
    return value.map((name: TonelValue) => {
      if (typeof name === 'string' && IDENTIFIER.test(name)) return name;
      return this.fail('bad-variable', `#${key} has ${JSON.stringify(name)}, which is no variable's name`, start);
    });
  }

  private classDefinition(name: string, map: TonelMap, comment: string, start: number): ClassDefinition {
    for (const key of ['traits', 'classTraits']) {
      const traits = map.get(key);
      if (traits !== undefined && traits !== '' && traits !== '{}' && !(Array.isArray(traits) && traits.length === 0))
        this.fail('trait', `${name} uses traits (#${key}), and this image has none`, start);
    }
    const type = this.textAt(map, 'type', start) ?? 'normal';
    if (!isClassType(type))
      return this.fail(
        'unknown-type',
        `${name} has the #type ${type}, expected one of ${[...CLASS_TYPES].join(', ')}`,
        start,
      );
    const superclassName = this.textAt(map, 'superclass', start);
    return {
      name,
      superclassName: superclassName === 'nil' ? undefined : superclassName,
      type,
      instanceVariableNames: this.names(map, 'instVars', start),
      classVariableNames: this.names(map, 'classVars', start),
      classInstanceVariableNames: this.names(map, 'classInstVars', start),
      poolNames: this.names(map, 'pools', start),
      packageName: this.categoryOf(map, start),
      comment,
      origin: { file: this.file, line: lineAt(this.text, start) },
    };
  }

  /** Versions 1 and 2 write the category, version 3 package and tag. */
  private categoryOf(map: TonelMap, start: number): string {
    const packageName = this.textAt(map, 'package', start);
    const tag = this.textAt(map, 'tag', start);
    if (packageName !== undefined) return tag === undefined ? packageName : `${packageName}-${tag}`;
    return this.textAt(map, 'category', start) ?? '';
  }

  private methods(className: string): MethodDefinition[] {
    const methods: MethodDefinition[] = [];
    for (this.skipSpace(); this.at < this.text.length; this.skipSpace()) methods.push(this.method(className));
    return methods;
  }

  private method(className: string): MethodDefinition {
    const { text, file } = this;
    const start = this.at;
    const protocol =
      text[start] === '{'
        ? (this.textAt(this.checked(readMap(this.upToBrace('the method')), start), 'category', start) ?? '')
        : '';
    this.skipSpace();
    METHOD_OWNER.lastIndex = this.at;
    const owner = METHOD_OWNER.exec(text);
    if (owner === null)
      return this.fail('bad-method', `expected a method, as in ${className} >> selector [ ... ]`, this.at);
    if (owner[1] !== className)
      return this.fail('other-class', `a method of ${owner[1]} stands in the file of ${className}`, this.at);
    const patternStart = METHOD_OWNER.lastIndex;
    const open = text.indexOf('[', patternStart);
    if (open < 0) return this.fail('bad-method', 'the method has no [ after its pattern', patternStart);
    const close = closingBracket(text, open, '[]');
    if (typeof close !== 'number') {
      const what = close.what === 'bracket' ? 'method' : close.what;
      return this.fail('unterminated', `the ${what} that starts here never ends`, close.at);
    }
    this.at = close + 1;
    return {
      className,
      isClassSide: owner[2] !== undefined,
      protocol,
      source: `${text.slice(patternStart, open).trimEnd()}${bodyText(text.slice(open + 1, close))}`,
      file,
      line: lineAt(text, patternStart),
    };
  }
}

/** What stands between the brackets; a blank parts it from the pattern, and no white space ends it. */
function bodyText(between: string): string {
  const body = between.trimEnd();
  return body === '' || /^\s/.test(body) ? body : ` ${body}`;
}
