/**
 * Huffman tables as an InflateStream has them: the first word's upper byte counts the bits of the first index; an entry is a value, or leads to a
 * further table: its place, from 1, in the lower half, the bits of its index in the upper byte. Each level takes just as many bits as its shortest code.
 */

/** What stands in the table for a symbol. */
export type SymbolOf = (symbol: number) => number;

/** By the lengths of the symbols' codes (RFC 1951, 3.2.2); 0 for a symbol without one. */
export function huffmanTable(lengths: readonly number[], symbolOf: SymbolOf): number[] {
  const codes = canonicalCodes(lengths);
  const table: number[] = [0];
  /** Lays the table of the codes that begin with `prefix`, of `depth` bits; answers its entry. */
  const lay = (prefix: string): number => {
    const inside = [...codes].filter(([code]) => code.startsWith(prefix));
    const bits = Math.min(...inside.map(([code]) => code.length)) - prefix.length;
    const start = table.length;
    for (let i = 0; i < 2 ** bits; i++) table.push(0);
    for (let index = 0; index < 2 ** bits; index++) {
      // The first bit of a code is the lowest of the index.
      const code = prefix + [...index.toString(2).padStart(bits, '0')].reverse().join('');
      const symbol = codes.get(code);
      if (symbol !== undefined) table[start + index] = symbolOf(symbol);
      else if (inside.some(([each]) => each.startsWith(code))) table[start + index] = lay(code);
    }
    return (bits << 24) | (start + 1);
  };
  table[0] = lay('') & 0xff000000;
  return table;
}

/** Codes as texts of bits, the first bit first. */
function canonicalCodes(lengths: readonly number[]): Map<string, number> {
  const codes = new Map<string, number>();
  let next = 0;
  for (let length = 1; length <= Math.max(...lengths); length++) {
    lengths.forEach((each, symbol) => {
      if (each === length) codes.set((next++).toString(2).padStart(length, '0'), symbol);
    });
    next *= 2;
  }
  return codes;
}
