/**
 * Text: `displayString…` draws the characters of a string from a font's one wide Form, and `scanCharacters…` measures how far they go until a stop
 * condition, as the end of a line, is met. A font's `xTable` has where each glyph begins in its Form, the map a glyph for each
 * of 256 characters. Source: `primitiveDisplayString` in BitBltSimulation, `primitiveScanCharacters` in VMMaker's Interpreter.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { isArray, isByteObject } from '../operands.ts';
import type { BitBltObject } from './bitblt-object.ts';
import { copyBits } from './copy-bits.ts';

const CHARACTERS = 256;
const SCANNER_SLOTS = 4;
/** Slots of a CharacterScanner. */
const Scanner = { X: 0, LAST_INDEX: 1, X_TABLE: 2, MAP: 3 } as const;
/** In the Array of stop conditions, behind those of the characters. */
const END_OF_RUN = 256;
const CROSSED_X = 257;

export class Font {
  private readonly memory: ObjectMemory;
  private readonly xTable: Oop;
  private readonly map: Oop;

  private constructor(memory: ObjectMemory, xTable: Oop, map: Oop) {
    this.memory = memory;
    this.xTable = xTable;
    this.map = map;
  }

  static read(memory: ObjectMemory, xTable: Oop, map: Oop): Font | undefined {
    if (!isArray(memory, xTable) || !isArray(memory, map) || memory.slotCountOf(map) !== CHARACTERS) return undefined;
    return new Font(memory, xTable, map);
  }

  /** Where the character's glyph begins in the font's Form, and how wide it is; undefined where the tables do not say. */
  glyph(character: number): { readonly x: number; readonly width: number } | undefined {
    const index = this.integer(this.map, character);
    if (index === undefined || index < 0 || index > this.memory.slotCountOf(this.xTable) - 2) return undefined;
    const x = this.integer(this.xTable, index);
    const end = this.integer(this.xTable, index + 1);
    return x === undefined || end === undefined ? undefined : { x, width: end - x };
  }

  private integer(table: Oop, index: number): number | undefined {
    const oop = this.memory.fetchPointer(table, index);
    return isSmallInteger(oop) ? smallIntegerValue(oop) : undefined;
  }
}

/** The bytes of characters `from` to `to`, counted from 1; undefined where the string has not so many. */
export function charactersOf(memory: ObjectMemory, string: Oop, from: number, to: number): Uint8Array | undefined {
  if (!isByteObject(memory, string)) return undefined;
  if (from < 1 || to < 1 || to > memory.byteSizeOf(string)) return undefined;
  return memory.bytesOf(string).subarray(from - 1, Math.max(from - 1, to));
}

/** Draws the characters side by side; false where a glyph is missing: what was drawn before stays, as on other VMs. */
export function displayString(blit: BitBltObject, font: Font, characters: Uint8Array, kern: number): boolean {
  for (const character of characters) {
    const glyph = font.glyph(character);
    if (glyph === undefined) return false;
    blit.sourceX = glyph.x;
    blit.width = glyph.width;
    copyBits(blit);
    blit.x += glyph.width + kern;
  }
  return true;
}

export interface ScanRequest {
  readonly scanner: Oop;
  readonly string: Oop;
  readonly from: number;
  readonly to: number;
  readonly rightX: number;
  readonly stops: Oop;
  readonly kern: number;
}

/** The stop condition that was met; the scanner then knows where. undefined for operands that make no sense. */
export function scanCharacters(memory: ObjectMemory, request: ScanRequest): Oop | undefined {
  const { scanner, stops } = request;
  if (isImmediate(scanner) || !memory.isPointers(scanner) || memory.slotCountOf(scanner) < SCANNER_SLOTS)
    return undefined;
  if (!isArray(memory, stops) || memory.slotCountOf(stops) <= CROSSED_X) return undefined;
  const characters = charactersOf(memory, request.string, request.from, request.to);
  const slot = (index: number): Oop => memory.fetchPointer(scanner, index);
  const font = Font.read(memory, slot(Scanner.X_TABLE), slot(Scanner.MAP));
  if (characters === undefined || font === undefined || !isSmallInteger(slot(Scanner.X))) return undefined;
  if (!isSmallInteger(slot(Scanner.LAST_INDEX))) return undefined;
  let x = smallIntegerValue(slot(Scanner.X));
  const stop = (lastIndex: number, condition: Oop): Oop => {
    memory.storePointer(scanner, Scanner.X, smallIntegerOop(x));
    memory.storePointer(scanner, Scanner.LAST_INDEX, smallIntegerOop(lastIndex));
    return condition;
  };
  for (let i = 0; i < characters.length; i++) {
    const index = request.from + i;
    const condition = memory.fetchPointer(stops, characters[i]!);
    if (condition !== memory.nil) return stop(index, condition);
    const glyph = font.glyph(characters[i]!);
    if (glyph === undefined) return undefined;
    if (x + glyph.width > request.rightX) return stop(index, memory.fetchPointer(stops, CROSSED_X));
    x += glyph.width + request.kern;
  }
  return stop(request.to, memory.fetchPointer(stops, END_OF_RUN));
}
