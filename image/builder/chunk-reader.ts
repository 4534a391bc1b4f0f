/**
 * Reads chunk format, the files that Smalltalks file out and scripts are written in: pieces that end with a `!`.
 *
 *     Object subclass: #Foo instanceVariableNames: '' classVariableNames: '' package: 'Demo'!
 *     !Foo methodsFor: 'accessing'!
 *     bar
 *         ^ 'not so fast!!'! !
 *     Foo new bar!
 *
 * A piece that starts with `!` opens a section: all pieces up to an empty one are methods. Everything else is a doit; a text
 * without `!` is one doit. A bang is doubled inside a piece; a single one inside a string, comment or character is taken as
 * that character too, since scripts are written by hand.
 */
import type { MethodDefinition } from './class-definition.ts';
import { lineAt, SourceFormatError } from './source-format-error.ts';
import { afterToken } from './source-scanner.ts';

export type ChunkItem =
  | { readonly kind: 'doit'; readonly source: string; readonly file: string; readonly line: number }
  | { readonly kind: 'method'; readonly method: MethodDefinition }
  /** `!Foo commentStamp: '...' prior: 0!` and the text after it. */
  | { readonly kind: 'comment'; readonly className: string; readonly comment: string };

const METHODS_FOR =
  /^([A-Za-z_]\w*)(\s+class)?\s+(?:methodsFor:\s*(?:'((?:[^']|'')*)'|#(\S+))(?:\s+\w+:.*)?|methods)$/s;
const COMMENT_STAMP = /^([A-Za-z_]\w*)\s+commentStamp:.*$/s;

/** The pieces of `text`, the contents of `file`, in order. Throws `SourceFormatError`. */
export function readChunks(text: string, file: string): ChunkItem[] {
  return new ChunkReader(text, file).read();
}

interface Chunk {
  readonly source: string;
  /** Where it starts, white space left out. */
  readonly at: number;
}

class ChunkReader {
  private readonly text: string;
  private readonly file: string;
  private readonly items: ChunkItem[] = [];
  private at = 0;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  read(): ChunkItem[] {
    for (this.skipSpace(); this.at < this.text.length; this.skipSpace()) {
      if (this.text[this.at] === '!') {
        this.at++;
        this.section(this.chunk());
      } else {
        const { source, at } = this.chunk();
        this.items.push({ kind: 'doit', source, file: this.file, line: lineAt(this.text, at) });
      }
    }
    return this.items;
  }

  private skipSpace(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at]!)) this.at++;
  }

  /** The piece up to the next single bang outside of strings, comments and characters. */
  private chunk(): Chunk {
    this.skipSpace();
    const { text } = this;
    const at = this.at;
    let end = at;
    while (end < text.length && !(text[end] === '!' && text[end + 1] !== '!')) {
      const isDoubled = text[end] === '!' || text.startsWith('$!!', end);
      const next = isDoubled ? end + (text[end] === '$' ? 3 : 2) : afterToken(text, end);
      // What never ends is for the compiler to report, with the place where it starts.
      end = next < 0 ? text.length : next;
    }
    this.at = Math.min(end, text.length) + 1;
    return { source: text.slice(at, end).replaceAll('!!', '!').trimEnd(), at };
  }

  /** Text that is no code: quotes mean nothing. */
  private plainChunk(): string {
    const start = this.at;
    let end = start;
    while (end < this.text.length && !(this.text[end] === '!' && this.text[end + 1] !== '!'))
      end += this.text[end] === '!' ? 2 : 1;
    this.at = end + 1;
    return this.text.slice(start, end).replaceAll('!!', '!').trim();
  }

  private section(header: Chunk): void {
    if (header.source === '') return;
    const comment = COMMENT_STAMP.exec(header.source);
    if (comment !== null) {
      this.items.push({ kind: 'comment', className: comment[1]!, comment: this.plainChunk() });
      return;
    }
    const methods = METHODS_FOR.exec(header.source);
    if (methods === null)
      throw new SourceFormatError(
        'bad-section',
        `!${header.source}! opens no section of methods, as !Foo methodsFor: 'accessing'! does`,
        this.file,
        lineAt(this.text, header.at),
      );
    this.methods(methods[1]!, methods[2] !== undefined, methods[3]?.replaceAll("''", "'") ?? methods[4] ?? '');
  }

  private methods(className: string, isClassSide: boolean, protocol: string): void {
    while (this.at < this.text.length) {
      const { source, at } = this.chunk();
      if (source === '') return;
      const { file } = this;
      const line = lineAt(this.text, at);
      this.items.push({ kind: 'method', method: { className, isClassSide, protocol, source, file, line } });
    }
  }
}
