/**
 * A frame of a C backtrace whose source line is looked up when somebody first asks for it, together with those of the
 * other frames of its backtrace in the same file.
 */
import { type ExactInteger, hex } from '../address.ts';
import type { CFrame } from './fault.ts';
import type { CodePlace, ProcessMap } from './process-map.ts';
import { type SourceLine, sourceLines } from './source-lines.ts';

export class NativeFrame implements CFrame {
  readonly address: ExactInteger;
  readonly certain: boolean;
  readonly module?: string;
  readonly moduleOffset?: number;
  readonly symbol?: string;
  readonly symbolOffset?: number;
  readonly #place: CodePlace | undefined;
  readonly #isReturn: boolean;
  /** All frames of the backtrace. */
  #siblings: readonly NativeFrame[] = [this];

  /** `named` stands in where the file has no name for the function. */
  constructor(address: ExactInteger, place: CodePlace | undefined, isReturn: boolean, certain: boolean, named?: Named) {
    this.address = address;
    this.certain = certain;
    this.#place = place;
    this.#isReturn = isReturn;
    if (place !== undefined) {
      this.module = place.module;
      this.moduleOffset = place.moduleOffset;
    }
    const symbol = place?.symbol ?? named;
    if (symbol === undefined) return;
    this.symbol = symbol.name;
    this.symbolOffset = symbol.offset;
  }

  static joined(frames: readonly NativeFrame[]): readonly NativeFrame[] {
    for (const frame of frames) frame.#siblings = frames;
    return frames;
  }

  get file(): string | undefined {
    return this.#line?.file;
  }

  get line(): number | undefined {
    return this.#line?.line;
  }

  get inlined(): readonly string[] | undefined {
    const inlined = this.#line?.inlined;
    return inlined === undefined || inlined.length === 0 ? undefined : inlined;
  }

  toJSON(): Record<string, unknown> {
    const { module, moduleOffset, symbol, symbolOffset, file, line, inlined, certain } = this;
    const address = typeof this.address === 'bigint' ? hex(this.address) : this.address;
    return { address, module, moduleOffset, symbol, symbolOffset, file, line, inlined, certain };
  }

  get #line(): SourceLine | undefined {
    const path = this.#place?.path;
    const lookUp = this.#lookUp;
    if (this.#place === undefined || path === undefined || lookUp === undefined) return undefined;
    const others = this.#siblings.filter((frame) => frame.#place?.path === path);
    return sourceLines(
      path,
      this.#place.stamp,
      others.map((frame) => frame.#lookUp!),
    ).get(lookUp);
  }

  /** The address in the file; for a return address that of the call, one byte back. */
  get #lookUp(): number | undefined {
    const offset = this.#place?.moduleOffset;
    return offset === undefined ? undefined : offset - (this.#isReturn ? 1 : 0);
  }
}

interface Named {
  readonly name: string;
  readonly offset: number;
}

/** Names a code address. A return address is looked up one byte back: the call may end its function. */
export function describeFrame(
  map: ProcessMap,
  address: ExactInteger,
  isReturn: boolean,
  certain: boolean,
  named?: Named,
): NativeFrame {
  const number = Number(address);
  return new NativeFrame(address, map.codeAt(number, isReturn ? number - 1 : number), isReturn, certain, named);
}
