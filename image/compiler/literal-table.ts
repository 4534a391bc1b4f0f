/**
 * The literals of one piece of code, in order of first use. Values that cannot change (numbers, characters, symbols,
 * associations) are held once; strings, arrays and blocks are objects of their own at each place where they are written.
 */
import { assertNever } from '../../vm/vm-bug.ts';
import type { SourceRange } from './ast.ts';
import { ProblemSignal } from './compile-error.ts';
import type { Literal } from './compiled-code.ts';

/** The method header counts literals in 15 bits; two more than these stand in every method. */
export const MAX_LITERALS = 0x7fff - 2;

/** Equal for literals that may be the same object; undefined for those that may not. */
function sharingKey(literal: Literal): string | undefined {
  switch (literal.kind) {
    case 'nil':
    case 'true':
    case 'false':
    case 'methodClass':
      return literal.kind;
    case 'integer':
      return `integer ${literal.value}`;
    case 'float':
      return `float ${Object.is(literal.value, -0) ? '-0' : literal.value}`;
    case 'fraction':
      return `fraction ${literal.numerator}/${literal.denominator}`;
    case 'scaledDecimal':
      return `scaled ${literal.numerator}/${literal.denominator}s${literal.scale}`;
    case 'character':
      return `character ${literal.codePoint}`;
    case 'symbol':
      return `symbol ${literal.value}`;
    case 'binding':
      return `binding ${literal.name}`;
    case 'string':
    case 'byteArray':
    case 'array':
    case 'block':
      return undefined;
    default:
      return assertNever(literal);
  }
}

export class LiteralTable {
  readonly literals: Literal[] = [];
  private readonly indexByKey = new Map<string, number>();
  private readonly owner: SourceRange;

  constructor(owner: SourceRange) {
    this.owner = owner;
  }

  indexOf(literal: Literal): number {
    const key = sharingKey(literal);
    const known = key === undefined ? undefined : this.indexByKey.get(key);
    if (known !== undefined) return known;
    const index = this.literals.push(literal) - 1;
    if (index >= MAX_LITERALS)
      throw new ProblemSignal({
        code: 'too-many-literals',
        sentence: `the code needs more than ${MAX_LITERALS} literals`,
        start: this.owner.start,
        end: this.owner.end,
      });
    if (key !== undefined) this.indexByKey.set(key, index);
    return index;
  }
}
