/** Kernels on arrays of numbers and booleans: sieve, permutations, queens, a tree of arrays. */
import { Random } from './random.ts';

function sieve(flags: boolean[], size: number): number {
  let count = 0;
  for (let i = 2; i <= size; i++) {
    if (!flags[i - 1]) continue;
    count++;
    for (let k = i + i; k <= size; k += i) flags[k - 1] = false;
  }
  return count;
}

export function runSieve(): number {
  let total = 0;
  for (let i = 0; i < 12; i++) total += sieve(new Array<boolean>(5000).fill(true), 5000);
  return total;
}

class Permute {
  count = 0;
  private readonly values = [0, 1, 2, 3, 4, 5];
  permute(n: number): void {
    this.count++;
    if (n === 0) return;
    this.permute(n - 1);
    for (let i = n; i >= 1; i--) {
      this.swap(n, i);
      this.permute(n - 1);
      this.swap(n, i);
    }
  }
  private swap(i: number, j: number): void {
    const value = this.values[i - 1]!;
    this.values[i - 1] = this.values[j - 1]!;
    this.values[j - 1] = value;
  }
}

export function runPermute(): number {
  let total = 0;
  for (let i = 0; i < 10; i++) {
    const permute = new Permute();
    permute.permute(6);
    total += permute.count;
  }
  return total;
}

class Queens {
  private readonly rows = new Array<boolean>(8).fill(true);
  private readonly maxs = new Array<boolean>(16).fill(true);
  private readonly mins = new Array<boolean>(16).fill(true);
  readonly columns = new Array<number>(8).fill(0);
  place(column: number): boolean {
    for (let row = 1; row <= 8; row++) {
      if (!this.isFree(row, column)) continue;
      this.columns[column - 1] = row;
      this.set(row, column, false);
      if (column === 8 || this.place(column + 1)) return true;
      this.set(row, column, true);
    }
    return false;
  }
  private isFree(row: number, column: number): boolean {
    return this.rows[row - 1]! && this.maxs[column + row - 1]! && this.mins[column - row + 7]!;
  }
  private set(row: number, column: number, value: boolean): void {
    this.rows[row - 1] = value;
    this.maxs[column + row - 1] = value;
    this.mins[column - row + 7] = value;
  }
}

export function runQueens(): number {
  let total = 0;
  for (let i = 0; i < 20; i++) {
    const queens = new Queens();
    if (queens.place(1)) total += queens.columns.reduce((a, b) => (a * 8 + b) % 65536, 0);
  }
  return total;
}

class Storage {
  count = 0;
  build(depth: number, random: Random): unknown[] {
    this.count++;
    if (depth === 1) return new Array((random.next() % 10) + 1);
    return [1, 2, 3, 4].map(() => this.build(depth - 1, random));
  }
}

export function runStorage(): number {
  const storage = new Storage();
  for (let i = 0; i < 5; i++) storage.build(7, new Random());
  return storage.count;
}
