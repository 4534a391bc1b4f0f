/**
 * Module Matrix2x3Plugin: affine transformations of the plane. A matrix is an object of six 32-bit words, single floats: two rows of three.
 * Points have SmallIntegers or Floats; results are rounded to SmallIntegers as
 * `rounded` does it, which the image's code behind them sends; the plugin in C is one off below zero. Source: class comment of MatrixTransform2x3 in Squeak.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { Format } from '../vm/memory/header.ts';
import { fitsSmallInteger, isImmediate, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError, SpecialObject } from '../vm/memory/well-known.ts';
import { floatOperand } from './operands.ts';

const MODULE = 'Matrix2x3Plugin';
const ELEMENTS = 6;
const IDENTITY = [1, 0, 0, 0, 1, 0] as const;
/** Where a matrix holds what it adds. */
const OFFSETS: ReadonlySet<number> = new Set([2, 5]);

type Point = readonly [x: number, y: number];
type Transform = (point: Point) => Point;

function matrixOf({ memory }: Interpreter, oop: Oop): Float32Array | undefined {
  if (isImmediate(oop) || memory.formatOf(oop) !== Format.BITS_32 || memory.slotCountOf(oop) !== ELEMENTS)
    return undefined;
  return new Float32Array(memory.u8.buffer, memory.bodyOf(oop), ELEMENTS);
}

function pointOf({ memory }: Interpreter, oop: Oop): Point | undefined {
  if (isImmediate(oop) || memory.classOf(oop) !== memory.specialObject(SpecialObject.CLASS_POINT)) return undefined;
  if (memory.slotCountOf(oop) < 2) return undefined;
  const x = floatOperand(memory, memory.fetchPointer(oop, 0));
  const y = floatOperand(memory, memory.fetchPointer(oop, 1));
  return x === undefined || y === undefined ? undefined : [x, y];
}

const forwards =
  (matrix: Float32Array): Transform =>
  ([x, y]) => {
    const [a, b, c, d, e, f] = matrix as unknown as readonly [number, number, number, number, number, number];
    return [x * a + y * b + c, x * d + y * e + f];
  };

/** The inverse; undefined for a matrix that has none. */
function backwards(matrix: Float32Array): Transform | undefined {
  const [a, b, c, d, e, f] = matrix as unknown as readonly [number, number, number, number, number, number];
  const determinant = a * e - b * d;
  if (determinant === 0) return undefined;
  return ([x, y]) => [((x - c) * e - b * (y - f)) / determinant, (a * (y - f) - (x - c) * d) / determinant];
}

/** A rounded coordinate, halves away from zero; undefined where no SmallInteger is near. */
function rounded(value: number): number | undefined {
  const whole = Math.trunc(value + Math.sign(value) / 2);
  return fitsSmallInteger(whole) ? whole : undefined;
}

function newPoint(vm: Interpreter, x: number, y: number): Oop {
  const { memory } = vm;
  const point = memory.instantiate(memory.specialObject(SpecialObject.CLASS_POINT));
  memory.storePointer(point, 0, smallIntegerOop(x));
  memory.storePointer(point, 1, smallIntegerOop(y));
  return point;
}

type Direction = (matrix: Float32Array) => Transform | undefined;

const point =
  (direction: Direction): Primitive =>
  (vm) => {
    const matrix = matrixOf(vm, vm.stackValue(1));
    const transform = matrix === undefined ? undefined : direction(matrix);
    if (transform === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const given = pointOf(vm, vm.stackValue(0));
    if (given === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const [x, y] = transform(given).map(rounded);
    if (x === undefined || y === undefined) return vm.fail(PrimitiveError.LIMIT_EXCEEDED);
    return vm.answer(1, newPoint(vm, x, y));
  };

/** A rectangle's corners; it and the one for the result are objects of one class with two slots, points. */
function cornersOf(vm: Interpreter, source: Oop, target: Oop): readonly [Point, Point] | undefined {
  const { memory } = vm;
  const isRectangle = (oop: Oop): boolean =>
    !isImmediate(oop) && memory.isPointers(oop) && memory.slotCountOf(oop) === 2;
  if (!isRectangle(source) || !isRectangle(target) || memory.classOf(source) !== memory.classOf(target))
    return undefined;
  const origin = pointOf(vm, memory.fetchPointer(source, 0));
  const corner = pointOf(vm, memory.fetchPointer(source, 1));
  return origin === undefined || corner === undefined ? undefined : [origin, corner];
}

/** The smallest rectangle around the transformed one, into the second argument, which is the answer. */
const rectangle =
  (direction: Direction): Primitive =>
  (vm) => {
    const { memory } = vm;
    const matrix = matrixOf(vm, vm.stackValue(2));
    const transform = matrix === undefined ? undefined : direction(matrix);
    if (transform === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const target = vm.stackValue(0);
    const corners = cornersOf(vm, vm.stackValue(1), target);
    if (corners === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    if (memory.isImmutable(target)) return vm.fail(PrimitiveError.NO_MODIFICATION);
    const [[left, top], [right, bottom]] = corners;
    const all = [
      [left, top],
      [right, bottom],
      [right, top],
      [left, bottom],
    ].map(([x, y]) => transform([x!, y!]));
    const xs = all.map(([x]) => x);
    const ys = all.map(([, y]) => y);
    const edges = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)].map(rounded);
    const [x0, y0, x1, y1] = edges;
    if (x0 === undefined || y0 === undefined || x1 === undefined || y1 === undefined)
      return vm.fail(PrimitiveError.LIMIT_EXCEEDED);
    memory.storePointer(target, 0, newPoint(vm, x0, y0));
    memory.storePointer(target, 1, newPoint(vm, x1, y1));
    return vm.answer(2, target);
  };

/** Whether the matrix is the identity, in the elements that count. */
const isIdentity =
  (counts: (index: number) => boolean): Primitive =>
  (vm) => {
    const matrix = matrixOf(vm, vm.stackValue(0));
    if (matrix === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const is = IDENTITY.every((value, i) => !counts(i) || matrix[i] === value);
    return vm.answer(0, vm.memory.booleanOop(is));
  };

/** `composedWithLocal: matrix into: result`: the receiver after the argument. */
const compose: Primitive = (vm) => {
  const [first, second, result] = [2, 1, 0].map((at) => matrixOf(vm, vm.stackValue(at)));
  if (first === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (second === undefined || result === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (vm.memory.isImmutable(vm.stackValue(0))) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const product = [0, 3].flatMap((row) => {
    const [a, b, c] = [first[row]!, first[row + 1]!, first[row + 2]!];
    return [0, 1, 2].map((column) => a * second[column]! + b * second[column + 3]! + (column === 2 ? c : 0));
  });
  result.set(product);
  return vm.answer(2, vm.stackValue(0));
};

const named = (name: string, takes: number, fails: readonly FailureName[], run: Primitive): PrimitiveDefinition => ({
  module: MODULE,
  name,
  takes,
  fails,
  run,
});
const POINT: readonly FailureName[] = ['BAD_RECEIVER', 'BAD_ARGUMENT', 'LIMIT_EXCEEDED'];
const RECTANGLE: readonly FailureName[] = [...POINT, 'NO_MODIFICATION'];

export const matrixPluginPrimitives: readonly PrimitiveDefinition[] = [
  named('primitiveTransformPoint', 1, POINT, point(forwards)),
  named('primitiveInvertPoint', 1, POINT, point(backwards)),
  named('primitiveTransformRectInto', 2, RECTANGLE, rectangle(forwards)),
  named('primitiveInvertRectInto', 2, RECTANGLE, rectangle(backwards)),
  named(
    'primitiveIsIdentity',
    0,
    ['BAD_RECEIVER'],
    isIdentity(() => true),
  ),
  named(
    'primitiveIsPureTranslation',
    0,
    ['BAD_RECEIVER'],
    isIdentity((i) => !OFFSETS.has(i)),
  ),
  named('primitiveComposeMatrix', 2, ['BAD_RECEIVER', 'BAD_ARGUMENT', 'NO_MODIFICATION'], compose),
];
