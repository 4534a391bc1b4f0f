/**
 * Symbols by their text, for code that installs methods from outside the image: the builder, and the compiler at run time.
 *
 * A symbol is unique by its text in an image, so all that exist must be known before one is made. The map is filled by one
 * walk over the heap and stays valid while nothing moves; whoever runs the VM in between makes a new one.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import type { Oop } from '../../vm/memory/oop.ts';

export class Symbols {
  private readonly byText = new Map<string, Oop>();
  private readonly memory: ObjectMemory;
  private readonly classIndex: number;
  /** Symbols made by `intern`, which the image's own symbol table has not seen yet. */
  readonly fresh: Oop[] = [];

  /** `existing` are the image's symbols, none for an image in the making. */
  constructor(memory: ObjectMemory, classIndex: number, existing: Iterable<Oop> = []) {
    this.memory = memory;
    this.classIndex = classIndex;
    for (const symbol of existing) this.byText.set(memory.stringValueOf(symbol), symbol);
  }

  find(text: string): Oop | undefined {
    return this.byText.get(text);
  }

  /** The symbol with that text (Latin-1), made when it does not exist. */
  intern(text: string): Oop {
    const known = this.byText.get(text);
    if (known !== undefined) return known;
    const symbol = this.memory.newByteString(text);
    this.memory.setClassIndex(symbol, this.classIndex);
    this.byText.set(text, symbol);
    this.fresh.push(symbol);
    return symbol;
  }
}
