/**
 * How strong a constraint of delta-blue.ts is, from required to weakest: a required one is always satisfied, of others the stronger.
 * There is one object for each strength, so that they are compared by identity.
 */
export class Strength {
  private static readonly all = Array.from({ length: 7 }, (_, level) => new Strength(level));
  static readonly required = Strength.all[0]!;
  static readonly preferred = Strength.all[2]!;
  static readonly strongDefault = Strength.all[3]!;
  static readonly normal = Strength.all[4]!;
  static readonly weakest = Strength.all[6]!;
  private readonly level: number;
  private constructor(level: number) {
    this.level = level;
  }
  isStrongerThan(other: Strength): boolean {
    return this.level < other.level;
  }
  weakestOf(other: Strength): Strength {
    return this.isStrongerThan(other) ? other : this;
  }
  nextWeaker(): Strength {
    return Strength.all[this.level + 1]!;
  }
}
