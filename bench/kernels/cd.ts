/**
 * CD: finds which aircraft of a simulated radar come too near each other between two frames. The plan of the benchmark is that of Kalibera
 * and others, "CDx: A Family of Real-time Java Benchmarks" (2009): a map of the last positions, a map of the squares of the ground in
 * which each moves, and in each square the intersection of every two moving spheres. Here some aircraft leave and return, too.
 */
import { type Ordered, SortedMap } from './sorted-map.ts';

const AIRCRAFT = 40;
const FRAMES = 10;
const NEAR = 1;
const SQUARE = 2;
const QUARTER_TURN = 1.5707963267948966;

class Vector {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  constructor(x: number, y: number, z: number) {
    this.x = x;
    this.y = y;
    this.z = z;
  }
  minus(other: Vector): Vector {
    return new Vector(this.x - other.x, this.y - other.y, this.z - other.z);
  }
  dot(other: Vector): number {
    return this.x * other.x + this.y * other.y + this.z * other.z;
  }
}

class CallSign implements Ordered<CallSign> {
  readonly number: number;
  constructor(number: number) {
    this.number = number;
  }
  compareTo(other: CallSign): number {
    return this.number - other.number;
  }
}

class Square implements Ordered<Square> {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  compareTo(other: Square): number {
    return this.x === other.x ? this.y - other.y : this.x - other.x;
  }
  /** Whether a motion comes as near as NEAR to me: when it is inside both of my widened sides at once. */
  isTouchedBy(motion: Motion): boolean {
    const { from, to } = motion;
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    const low = this.x * SQUARE - NEAR - from.x;
    const left = this.y * SQUARE - NEAR - from.y;
    const width = SQUARE + NEAR + NEAR;
    const enter = Math.max(0, entry(low, width, dx), entry(left, width, dy));
    return enter <= Math.min(1, exit(low, width, dx), exit(left, width, dy));
  }
}

/** When something that moves by a distance, from 0, gets between low and low + width; 2 when never. */
function entry(low: number, width: number, distance: number): number {
  if (distance === 0) return low <= 0 && low + width >= 0 ? 0 : 2;
  return distance > 0 ? low / distance : (low + width) / distance;
}

/** When it is out again. */
function exit(low: number, width: number, distance: number): number {
  if (distance === 0) return 1;
  return distance > 0 ? (low + width) / distance : low / distance;
}

class Motion {
  readonly sign: CallSign;
  readonly from: Vector;
  readonly to: Vector;
  constructor(sign: CallSign, from: Vector, to: Vector) {
    this.sign = sign;
    this.from = from;
    this.to = to;
  }
  /** Whether the distance of both is at most NEAR at a time from 0 to 1: a quadratic inequality. */
  meets(other: Motion): boolean {
    const apart = this.from.minus(other.from);
    const drift = this.to.minus(this.from).minus(other.to.minus(other.from));
    const a = drift.dot(drift);
    const c = apart.dot(apart) - NEAR * NEAR;
    if (a === 0) return c <= 0;
    const b = apart.dot(drift);
    const discriminant = b * b - a * c;
    if (discriminant < 0) return false;
    const root = Math.sqrt(discriminant);
    return (-b - root) / a <= 1 && (-b + root) / a >= 0;
  }
  /** Adds me to the squares that I touch, from one on to its neighbours. */
  drawOn(map: SortedMap<Square, Motion[]>, square: Square, seen: SortedMap<Square, boolean>): void {
    if (!square.isTouchedBy(this) || seen.put(square, true) !== undefined) return;
    const motions = map.get(square);
    if (motions === undefined) map.put(square, [this]);
    else motions.push(this);
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) this.drawOn(map, new Square(square.x + dx, square.y + dy), seen);
    }
  }
}

class Detector {
  private readonly positions = new SortedMap<CallSign, Vector>();
  /** The motions since the frame before; aircraft that are not in this one are forgotten. */
  motions(frame: SortedMap<CallSign, Vector>): Motion[] {
    const motions: Motion[] = [];
    frame.forEach((sign, position) => {
      motions.push(new Motion(sign, this.positions.put(sign, position) ?? position, position));
    });
    const gone: CallSign[] = [];
    this.positions.forEach((sign) => {
      if (frame.get(sign) === undefined) gone.push(sign);
    });
    for (const sign of gone) this.positions.remove(sign);
    return motions;
  }
  /** How many pairs meet, each counted once. */
  count(motions: readonly Motion[]): number {
    const map = new SortedMap<Square, Motion[]>();
    for (const motion of motions) {
      const start = new Square(Math.floor(motion.from.x / SQUARE), Math.floor(motion.from.y / SQUARE));
      motion.drawOn(map, start, new SortedMap());
    }
    const found = new SortedMap<CallSign, boolean>();
    let count = 0;
    map.forEach((_, together) => {
      for (let i = 0; i < together.length; i++) {
        for (let j = i + 1; j < together.length; j++) {
          const one = together[i]!;
          const other = together[j]!;
          const pair = new CallSign(one.sign.number * AIRCRAFT + other.sign.number);
          if (one.meets(other) && found.put(pair, true) === undefined) count++;
        }
      }
    });
    return count;
  }
}

/** Two rows of aircraft that swing to and fro a quarter of a turn apart; a seventh of them is not seen. */
function frameAt(number: number): SortedMap<CallSign, Vector> {
  const frame = new SortedMap<CallSign, Vector>();
  const time = number / 4;
  for (let i = 0; i < AIRCRAFT; i++) {
    const turn = i % 2 === 0 ? time : time + QUARTER_TURN;
    const y = Math.sin(turn) * 2 + Math.floor(i / 2) * 3;
    if ((i + number) % 7 !== 0) frame.put(new CallSign(i), new Vector(time, y, 10));
  }
  return frame;
}

/** How many pairs of aircraft meet in so many frames, found by the squares in which they are. */
export function countMeetings(frames: number): number {
  const detector = new Detector();
  let count = 0;
  for (let i = 0; i < frames; i++) count += detector.count(detector.motions(frameAt(i)));
  return count;
}

/** The same, found by comparing every two: what tests compare with. */
export function countMeetingsOfAll(frames: number): number {
  const detector = new Detector();
  let count = 0;
  for (let i = 0; i < frames; i++) {
    const motions = detector.motions(frameAt(i));
    for (const [index, one] of motions.entries()) {
      for (const other of motions.slice(index + 1)) if (one.meets(other)) count++;
    }
  }
  return count;
}

export const runCD = (): number => countMeetings(FRAMES);
