/**
 * The primitives of graphics: 96 copyBits, 103 scanCharacters, 104 drawLoop, 147 warpBits, and those of BitBltPlugin. What they draw on is told to
 * the Display, should it be that.
 */
import type { Interpreter } from '../../vm/interpreter/interpreter.ts';
import type { Primitive, PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { PrimitiveError } from '../../vm/memory/well-known.ts';
import type { Display } from '../display/display.ts';
import { integerWithin, isByteObject } from '../operands.ts';
import { BitBltObject } from './bitblt-object.ts';
import { Rule, type RuleArguments } from './combination-rules.ts';
import { copyBits, isCount, PLAIN } from './copy-bits.ts';
import { drawLine } from './draw-line.ts';
import { Form, wordTable } from './form.ts';
import { charactersOf, displayString, Font, scanCharacters } from './glyphs.ts';
import { MOST_SMOOTHING, type Smoothing, warpBits } from './warp.ts';

const MODULE = 'BitBltPlugin';
/** Steps of a line: more than any form has pixels on a side. */
const LONGEST_LINE = 1 << 17;
const FARTHEST = 1 << 28;
const GAMMA_ENTRIES = 256;
const OPAQUE = 255;
const ANY_COLOUR = 0x3fff_ffff;

/**
 * What a rule takes beside the BitBlt object: 30 and 31 one alpha for all; 41 a colour, then an alpha, then tables of gamma and its
 * inverse. undefined where they are missing or no such thing.
 */
function ruleArguments(vm: Interpreter, rule: number, argumentCount: number): RuleArguments | undefined {
  if (rule === Rule.BLEND_CONSTANT || rule === Rule.PAINT_CONSTANT) {
    const alpha = argumentCount === 1 ? integerWithin(vm.stackValue(0), 0, OPAQUE) : undefined;
    return alpha === undefined ? undefined : { ...PLAIN, alpha };
  }
  if (rule !== Rule.COMPONENT_ALPHA) return PLAIN;
  const colour = argumentCount === 0 ? undefined : integerWithin(vm.stackValue(argumentCount - 1), 0, ANY_COLOUR);
  if (colour === undefined) return undefined;
  if (argumentCount === 1) return { colour, alpha: OPAQUE };
  const alpha = integerWithin(vm.stackValue(argumentCount - 2), 0, OPAQUE);
  if (alpha === undefined) return undefined;
  if (argumentCount !== 4) return { colour, alpha };
  return {
    colour,
    alpha,
    gamma: gammaTable(vm.memory, vm.stackValue(1)),
    ungamma: gammaTable(vm.memory, vm.stackValue(0)),
  };
}

const gammaTable = (memory: ObjectMemory, oop: Oop): Uint8Array | undefined =>
  isByteObject(memory, oop) && memory.byteSizeOf(oop) >= GAMMA_ENTRIES ? memory.bytesOf(oop) : undefined;

/** `primitivePixelValueAt`: 0 outside of the form. */
const pixelValueAt: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const [x, y] = [vm.stackValue(1), vm.stackValue(0)];
  if (!isSmallInteger(x) || !isSmallInteger(y)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const form = Form.read(memory, vm.stackValue(2));
  if (form === undefined || form.isLowestFirst) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const [column, row] = [smallIntegerValue(x), smallIntegerValue(y)];
  const isInside = column >= 0 && row >= 0 && column < form.width && row < form.height;
  const pixel = isInside ? form.pixelAt(column, row) >>> 0 : 0;
  return vm.answer(argumentCount, memory.integerOop(BigInt(pixel)));
};

/** `scanCharactersFrom:to:in:rightX:stopConditions:kern:` of a CharacterScanner. */
const scan: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  if (argumentCount !== 6) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const [kern, rightX, to, from] = [0, 2, 4, 5].map((offset) => vm.stackValue(offset)) as [Oop, Oop, Oop, Oop];
  if (![kern, rightX, to, from].every(isSmallInteger)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const condition = scanCharacters(memory, {
    scanner: vm.stackValue(6),
    string: vm.stackValue(3),
    from: smallIntegerValue(from),
    to: smallIntegerValue(to),
    rightX: smallIntegerValue(rightX),
    stops: vm.stackValue(1),
    kern: smallIntegerValue(kern),
  });
  return condition === undefined ? vm.fail(PrimitiveError.BAD_ARGUMENT) : vm.answer(argumentCount, condition);
};

export function bitBltPrimitives(display: Display): readonly PrimitiveDefinition[] {
  /** Answers the receiver, or what a rule counted. */
  const drawn = (vm: Interpreter, argumentCount: number, blit: BitBltObject, result?: number): boolean => {
    display.noteDrawnOn(vm.memory, blit.destination.oop);
    return vm.answer(argumentCount, result === undefined ? vm.stackValue(argumentCount) : smallIntegerOop(result));
  };

  const copy: Primitive = (vm, argumentCount) => {
    const blit = BitBltObject.read(vm.memory, vm.stackValue(argumentCount));
    if (blit === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const given = ruleArguments(vm, blit.rule, argumentCount);
    if (given === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const count = copyBits(blit, given);
    return drawn(vm, argumentCount, blit, isCount(blit.rule) ? count : undefined);
  };

  const drawLoop: Primitive = (vm, argumentCount) => {
    const dx = integerWithin(vm.stackValue(1), -LONGEST_LINE, LONGEST_LINE);
    const dy = integerWithin(vm.stackValue(0), -LONGEST_LINE, LONGEST_LINE);
    if (dx === undefined || dy === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const blit = BitBltObject.read(vm.memory, vm.stackValue(2));
    if (blit === undefined || Math.abs(blit.x) > FARTHEST || Math.abs(blit.y) > FARTHEST)
      return vm.fail(PrimitiveError.BAD_RECEIVER);
    if (ruleArguments(vm, blit.rule, 0) === undefined) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
    drawLine(blit, dx, dy, PLAIN);
    blit.storePlace();
    return drawn(vm, argumentCount, blit);
  };

  /** `warpBits`, or `warpBitsSmoothing: n sourceMap: colours`. */
  const warp: Primitive = (vm, argumentCount) => {
    const { memory } = vm;
    const blit = BitBltObject.read(memory, vm.stackValue(argumentCount));
    if (blit === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    if (ruleArguments(vm, blit.rule, 0) === undefined) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
    let smoothing: Smoothing = { points: 1, colours: undefined };
    if (argumentCount === 2) {
      const points = integerWithin(vm.stackValue(1), 1, MOST_SMOOTHING);
      const colours = vm.stackValue(0) === memory.nil ? undefined : wordTable(memory, vm.stackValue(0));
      const depth = blit.source?.depth ?? 32;
      const isEnough = colours === undefined ? depth >= 16 : colours.size >= 2 ** Math.min(depth, 30);
      if (points === undefined || (points > 1 && depth < 16 && !isEnough)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
      smoothing = { points, colours };
    }
    if (!warpBits(blit, smoothing, PLAIN)) return vm.fail(PrimitiveError.BAD_RECEIVER);
    return drawn(vm, argumentCount, blit);
  };

  /** `primDisplayString: string from: a to: b map: glyphs xTable: places kern: k`. */
  const display6: Primitive = (vm, argumentCount) => {
    const { memory } = vm;
    const [kern, to, from] = [vm.stackValue(0), vm.stackValue(3), vm.stackValue(4)];
    const font = Font.read(memory, vm.stackValue(1), vm.stackValue(2));
    if (font === undefined || !isSmallInteger(kern) || !isSmallInteger(to) || !isSmallInteger(from))
      return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const characters = charactersOf(memory, vm.stackValue(5), smallIntegerValue(from), smallIntegerValue(to));
    if (characters === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
    const blit = BitBltObject.read(memory, vm.stackValue(6));
    if (blit === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    if (ruleArguments(vm, blit.rule, 0) === undefined) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
    if (!displayString(blit, font, characters, smallIntegerValue(kern))) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    blit.storePlace();
    return drawn(vm, argumentCount, blit);
  };

  const copyFacts = {
    name: 'primitiveCopyBits',
    selectors: 'copyBits copyBitsTranslucent:',
    takes: [0, 1, 2, 4],
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT'],
    run: copy,
  } as const;
  const lineFacts = {
    name: 'primitiveDrawLoop',
    selectors: 'drawLoopX:Y:',
    takes: 2,
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS'],
    run: drawLoop,
  } as const;
  const warpFacts = {
    name: 'primitiveWarpBits',
    selectors: 'warpBits warpBitsSmoothing:sourceMap:',
    takes: [0, 2],
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS'],
    run: warp,
  } as const;
  return [
    { number: 96, ...copyFacts },
    {
      number: 103,
      name: 'primitiveScanCharacters',
      selectors: 'scanCharactersFrom:to:in:rightX:stopConditions:kern:',
      fails: ['BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS'],
      run: scan,
    },
    { number: 104, ...lineFacts },
    { number: 147, ...warpFacts },
    { module: MODULE, ...copyFacts },
    { module: MODULE, ...lineFacts },
    { module: MODULE, ...warpFacts },
    {
      module: MODULE,
      name: 'primitiveDisplayString',
      selectors: 'primDisplayString:from:to:map:xTable:kern:',
      takes: 6,
      fails: ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX', 'BAD_NUMBER_OF_ARGUMENTS'],
      run: display6,
    },
    {
      module: MODULE,
      name: 'primitivePixelValueAt',
      selectors: 'primPixelValueAtX:y:',
      takes: 2,
      fails: ['BAD_RECEIVER', 'BAD_ARGUMENT'],
      run: pixelValueAt,
    },
  ];
}
