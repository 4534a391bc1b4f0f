/**
 * Symbols by their text, for code that installs methods from outside the image: the builder, and the compiler at run time.
 *
 * A symbol is unique by its text in an image, so all that exist must be known before one is made.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import type { Oop } from '../../vm/memory/oop.ts';

export interface SymbolSource {
  /** The symbol with that text (Latin-1), made when it does not exist. */
  intern(text: string): Oop;
}

/** Symbols of an image that has no table of its own yet: kept in a map, valid while nothing moves. */
export class Symbols implements SymbolSource {
  private readonly byText = new Map<string, Oop>();
  private readonly memory: ObjectMemory;
  private readonly classIndex: number;

  /** `existing` are the image's symbols, none for an image in the making. */
  constructor(memory: ObjectMemory, classIndex: number, existing: Iterable<Oop> = []) {
    this.memory = memory;
    this.classIndex = classIndex;
    for (const symbol of existing) this.byText.set(memory.stringValueOf(symbol), symbol);
  }

  intern(text: string): Oop {
    const known = this.byText.get(text);
    if (known !== undefined) return known;
    const symbol = this.memory.newByteString(text);
    this.memory.setClassIndex(symbol, this.classIndex);
    this.byText.set(text, symbol);
    return symbol;
  }
}
