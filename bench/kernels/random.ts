/** A small random generator, the same in both languages: its numbers are part of what a kernel does. */
export class Random {
  private seed = 74755;
  next(): number {
    this.seed = (this.seed * 1309 + 13849) & 65535;
    return this.seed;
  }
}
