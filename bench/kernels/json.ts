/** A reader of JSON, written out: the kernel reads a text fifteen times and sums its numbers. */
type Value = null | boolean | number | string | Value[] | Map<string, Value>;

class Reader {
  private readonly text: string;
  private position = 0;
  constructor(text: string) {
    this.text = text;
  }
  private peek(): string {
    return this.text[this.position]!;
  }
  private skipBlanks(): void {
    while (this.position < this.text.length && this.peek() === ' ') this.position++;
  }
  private expect(character: string): void {
    this.skipBlanks();
    if (this.peek() !== character) throw new Error(`expected ${character}`);
    this.position++;
  }
  private try(character: string): boolean {
    this.skipBlanks();
    if (this.peek() !== character) return false;
    this.position++;
    return true;
  }
  read(): Value {
    this.skipBlanks();
    const character = this.peek();
    if (character === '{') return this.readObject();
    if (character === '[') return this.readArray();
    if (character === '"') return this.readString();
    if (character === 't') {
      this.position += 4;
      return true;
    }
    if (character === 'f') {
      this.position += 5;
      return false;
    }
    if (character === 'n') {
      this.position += 4;
      return null;
    }
    return this.readNumber();
  }
  private readObject(): Map<string, Value> {
    const object = new Map<string, Value>();
    this.expect('{');
    if (this.try('}')) return object;
    do {
      this.skipBlanks();
      const key = this.readString();
      this.expect(':');
      object.set(key, this.read());
    } while (this.try(','));
    this.expect('}');
    return object;
  }
  private readArray(): Value[] {
    const elements: Value[] = [];
    this.expect('[');
    if (this.try(']')) return elements;
    do elements.push(this.read());
    while (this.try(','));
    this.expect(']');
    return elements;
  }
  private readString(): string {
    let characters = '';
    this.expect('"');
    while (this.peek() !== '"') {
      if (this.peek() === '\\') this.position++;
      characters += this.peek();
      this.position++;
    }
    this.position++;
    return characters;
  }
  private readNumber(): number {
    const negative = this.peek() === '-';
    if (negative) this.position++;
    let value = 0;
    while (this.position < this.text.length && this.peek() >= '0' && this.peek() <= '9') {
      value = value * 10 + this.peek().charCodeAt(0) - 48;
      this.position++;
    }
    return negative ? -value : value;
  }
}

function sample(): string {
  const records = Array.from({ length: 60 }, (_, i) => {
    const id = i + 1;
    return `{"id": ${id}, "name": "record \\"${id}\\"", "ok": ${id % 2 === 1}, "values": [1, 22, 333, null, {"deep": [-4, 5]}]}`;
  });
  return `[${records.join(',')}]`;
}

function sum(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return value.length;
  if (value instanceof Map) return [...value.values()].reduce<number>((a, b) => a + sum(b), 0);
  if (Array.isArray(value)) return value.reduce<number>((a, b) => a + sum(b), 0);
  return value === true ? 1 : 0;
}

export function runJson(): number {
  const text = sample();
  let total = 0;
  for (let i = 0; i < 15; i++) total += sum(new Reader(text).read());
  return total;
}
