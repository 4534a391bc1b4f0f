/**
 * Shows objects as text without running any Smalltalk code, so that it works in a stopped, damaged or half-built image.
 *
 * One line: what a programmer would write for it, or its class and size: `42`, `$a`, `#at:put:`, `'it''s'`, `Point class`,
 * `an Array(3)`, `a Point`. Described: a heading with class, size and place, then a line for each slot, named where the
 * class names it, down to a depth. Long texts and many slots are cut, and it is said that they are.
 */
import { Format } from '../memory/header.ts';
import { methodNameOf } from '../memory/method-access.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import {
  characterValue,
  isCharacter,
  isImmediate,
  isSmallInteger,
  type Oop,
  smallIntegerValue,
} from '../memory/oop.ts';
import { BehaviorSlot, ClassIndex, ClassSlot, SpecialObject } from '../memory/well-known.ts';

export interface ObjectPrinterLimits {
  /** Characters of a text shown. */
  readonly maxCharacters: number;
  /** Slots, or elements, shown of one object. */
  readonly maxSlots: number;
}

const DEFAULT_LIMITS: ObjectPrinterLimits = { maxCharacters: 80, maxSlots: 40 };
/** Superclass chains are short; a damaged image may hold a ring. */
const MAX_SUPERCLASSES = 100;

export class ObjectPrinter {
  private readonly memory: ObjectMemory;
  private readonly limits: ObjectPrinterLimits;

  constructor(memory: ObjectMemory, limits: Partial<ObjectPrinterLimits> = {}) {
    this.memory = memory;
    this.limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** The object in one line. */
  line(oop: Oop): string {
    const { memory } = this;
    if (isSmallInteger(oop)) return String(smallIntegerValue(oop));
    if (isCharacter(oop)) return characterText(characterValue(oop));
    if (oop === memory.nil) return 'nil';
    if (oop === memory.true) return 'true';
    if (oop === memory.false) return 'false';
    if (this.isClass(oop)) return memory.nameOfClass(oop);
    const classIndex = memory.classIndexOfObject(oop);
    if (classIndex === ClassIndex.FLOAT) return floatText(memory.floatValueOf(oop));
    const integer = memory.integerValueOf(oop);
    if (integer !== undefined) return String(integer);
    if (memory.isCompiledMethod(oop)) return methodNameOf(memory, oop);
    const className = memory.classNameOf(oop);
    if (className.endsWith('Symbol') && memory.isBytes(oop)) return `#${this.symbolText(memory.stringValueOf(oop))}`;
    if (className.endsWith('String')) return this.quoted(memory.stringValueOf(oop));
    const name = className.endsWith(' class') ? `instance of ${className}` : withArticle(className);
    const size = this.indexedSizeOf(oop);
    return size === undefined ? name : `${name}(${size})`;
  }

  /** A heading and the object's slots; slots that hold objects with slots are described too, `depth` levels down. */
  describe(oop: Oop, depth = 1): string {
    return this.describeLines(oop, depth, '', new Set()).join('\n');
  }

  private describeLines(oop: Oop, depth: number, indent: string, shown: Set<Oop>): string[] {
    const { memory } = this;
    if (isImmediate(oop)) return [`${indent}${this.line(oop)}`];
    const heading = `${this.line(oop)}  [class ${memory.classNameOf(oop)}, ${memory.slotCountOf(oop)} slots, at 0x${oop.toString(16)}]`;
    const lines = [`${indent}${heading}`];
    if (depth <= 0 || shown.has(oop)) return lines;
    shown.add(oop);
    const inner = `${indent}  `;
    if (!memory.isPointers(oop)) return [...lines, ...this.bitsLines(oop, inner)];
    const names = this.instanceVariableNamesOf(memory.classOf(oop));
    const slotCount = memory.slotCountOf(oop);
    const shownCount = Math.min(slotCount, this.limits.maxSlots);
    for (let slot = 0; slot < shownCount; slot++) {
      const value = memory.fetchPointer(oop, slot);
      const label = names[slot] ?? String(slot - names.length + 1);
      if (depth <= 1 || !this.hasParts(value)) {
        lines.push(`${inner}${label}: ${this.line(value)}`);
        continue;
      }
      const [first, ...rest] = this.describeLines(value, depth - 1, inner, shown);
      lines.push(`${inner}${label}: ${first!.trimStart()}`, ...rest);
    }
    if (slotCount > shownCount) lines.push(`${inner}… ${slotCount - shownCount} more`);
    return lines;
  }

  /** True for what a line does not say all of: an object with slots. */
  private hasParts(oop: Oop): boolean {
    return !isImmediate(oop) && this.memory.isPointers(oop) && this.memory.slotCountOf(oop) > 0;
  }

  private bitsLines(oop: Oop, indent: string): string[] {
    const { memory } = this;
    const bytes = memory.bytesOf(oop);
    const { maxSlots } = this.limits;
    const shown = Array.from(bytes.subarray(0, maxSlots), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    if (bytes.length === 0) return [];
    const rest = bytes.length > maxSlots ? ` … ${bytes.length - maxSlots} more` : '';
    return [`${indent}bytes: ${shown}${rest}`];
  }

  /** Names of the instance variables, inherited ones first; as many as are known. */
  instanceVariableNamesOf(behavior: Oop): string[] {
    const { memory } = this;
    const levels: string[][] = [];
    let current = behavior;
    for (let i = 0; i < MAX_SUPERCLASSES && current !== memory.nil && this.looksLikeClass(current); i++) {
      levels.unshift(this.ownInstanceVariableNames(current));
      current = memory.fetchPointer(current, BehaviorSlot.SUPERCLASS);
    }
    const names = levels.flat();
    const fixed = this.looksLikeClass(behavior) ? memory.fixedSlotsOf(behavior) : 0;
    // Names that do not account for each slot are worse than none.
    return names.length === fixed ? names : Array.from({ length: fixed }, (_, i) => `slot ${i}`);
  }

  private ownInstanceVariableNames(behavior: Oop): string[] {
    const { memory } = this;
    if (memory.slotCountOf(behavior) <= ClassSlot.INSTANCE_VARIABLES) return [];
    const names = memory.fetchPointer(behavior, ClassSlot.INSTANCE_VARIABLES);
    if (isImmediate(names) || memory.classIndexOfObject(names) !== ClassIndex.ARRAY) return [];
    return Array.from({ length: memory.slotCountOf(names) }, (_, i) => {
      const name = memory.fetchPointer(names, i);
      return isImmediate(name) || !memory.isBytes(name) ? `slot ${i}` : memory.stringValueOf(name);
    });
  }

  private looksLikeClass(oop: Oop): boolean {
    const { memory } = this;
    return !isImmediate(oop) && memory.isPointers(oop) && memory.slotCountOf(oop) > BehaviorSlot.FORMAT;
  }

  /** True for classes and metaclasses. */
  private isClass(oop: Oop): boolean {
    const { memory } = this;
    const metaclass = metaclassClassOf(memory);
    const behavior = memory.classOf(oop);
    return behavior === metaclass || memory.classOf(behavior) === metaclass;
  }

  /** Count of indexed elements; undefined for an object that has named slots only. */
  private indexedSizeOf(oop: Oop): number | undefined {
    const { memory } = this;
    const format = memory.formatOf(oop);
    if (format >= Format.BYTES) return memory.byteSizeOf(oop);
    if (format >= Format.BITS_16) return memory.slotCountOf(oop) * 2 - (format & 1);
    if (format === Format.BITS_64) return memory.slotCountOf(oop) >> 1;
    if (format === Format.BITS_32) return memory.slotCountOf(oop);
    if (format < Format.INDEXABLE || format > Format.WEAK_INDEXABLE) return undefined;
    const behavior = memory.classOf(oop);
    return memory.slotCountOf(oop) - (this.looksLikeClass(behavior) ? memory.fixedSlotsOf(behavior) : 0);
  }

  private quoted(text: string): string {
    const { maxCharacters } = this.limits;
    const shown = text.slice(0, maxCharacters).replaceAll("'", "''").replaceAll('\r', '\\r').replaceAll('\n', '\\n');
    return text.length > maxCharacters ? `'${shown}…' (${text.length} characters)` : `'${shown}'`;
  }

  private symbolText(text: string): string {
    return /^([a-zA-Z_][\w:]*|[-+*/\\~<>=@%|&?,!]+)$/.test(text) ? text : this.quoted(text);
  }
}

/** The class Metaclass, as the class of the class of the class Array; nil where the image has no class Array. */
export function metaclassClassOf(memory: ObjectMemory): Oop {
  const array = memory.specialObject(SpecialObject.CLASS_ARRAY);
  return isImmediate(array) || array === memory.nil ? memory.nil : memory.classOf(memory.classOf(array));
}

export function withArticle(className: string): string {
  return `${/^[AEIOU]/.test(className) ? 'an' : 'a'} ${className}`;
}

function characterText(codePoint: number): string {
  if (codePoint > 32 && codePoint !== 127 && codePoint <= 0x10ffff) return `$${String.fromCodePoint(codePoint)}`;
  return `Character value: ${codePoint}`;
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const text = String(value);
  if (Object.is(value, -0)) return '-0.0';
  return /[.e]/.test(text) ? text.replace('e+', 'e') : `${text}.0`;
}
