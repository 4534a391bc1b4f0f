/** Kernels on floating point: the Mandelbrot set, and planets. */
export function runMandelbrot(): number {
  const size = 60;
  let inside = 0;
  for (let row = 0; row < size; row++) {
    const ci = (2 * row) / size - 1;
    for (let column = 0; column < size; column++) {
      const cr = (2 * column) / size - 1.5;
      let zr = 0;
      let zi = 0;
      let steps = 0;
      while (steps < 50 && zr * zr + zi * zi <= 4) {
        const next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
        steps++;
      }
      if (steps === 50) inside++;
    }
  }
  return inside;
}

const DAYS = 365.24;
const SOLAR_MASS = 4 * Math.PI * Math.PI;

class Body {
  x: number;
  y: number;
  z: number;
  vx: number;
  vy: number;
  vz: number;
  readonly mass: number;
  constructor(x: number, y: number, z: number, vx: number, vy: number, vz: number, mass: number) {
    this.x = x;
    this.y = y;
    this.z = z;
    this.vx = vx * DAYS;
    this.vy = vy * DAYS;
    this.vz = vz * DAYS;
    this.mass = mass * SOLAR_MASS;
  }
}

/** The sun, Jupiter, Saturn, Uranus, Neptune: places, speeds a day, masses in suns. Source: the Computer Language Benchmarks Game. */
const bodies = (): Body[] => [
  new Body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
  new Body(
    4.841431442464721,
    -1.1603200440274284,
    -0.10362204447112311,
    0.001660076642744037,
    0.007699011184197404,
    -6.90460016972063e-5,
    0.0009547919384243266,
  ),
  new Body(
    8.34336671824458,
    4.124798564124305,
    -0.4035234171143214,
    -0.002767425107264119,
    0.004998528012349172,
    2.3041729757376393e-5,
    0.0002858859806661308,
  ),
  new Body(
    12.894369562139131,
    -15.111151401698631,
    -0.22330757889265573,
    0.002964601375647616,
    0.0023784717395948095,
    -2.9658956854023756e-5,
    4.366244043351563e-5,
  ),
  new Body(
    15.379697114850917,
    -25.919314609987964,
    0.17925877295037118,
    0.0026806777249038932,
    0.001628241700382423,
    -9.515922545197159e-5,
    5.1513890204661145e-5,
  ),
];

function advance(all: readonly Body[], dt: number): void {
  for (let i = 0; i < all.length; i++) {
    const one = all[i]!;
    for (let j = i + 1; j < all.length; j++) {
      const other = all[j]!;
      const dx = one.x - other.x;
      const dy = one.y - other.y;
      const dz = one.z - other.z;
      const squared = dx * dx + dy * dy + dz * dz;
      const magnitude = dt / (squared * Math.sqrt(squared));
      one.vx -= dx * (other.mass * magnitude);
      one.vy -= dy * (other.mass * magnitude);
      one.vz -= dz * (other.mass * magnitude);
      other.vx += dx * (one.mass * magnitude);
      other.vy += dy * (one.mass * magnitude);
      other.vz += dz * (one.mass * magnitude);
    }
  }
  for (const body of all) {
    body.x += dt * body.vx;
    body.y += dt * body.vy;
    body.z += dt * body.vz;
  }
}

function energy(all: readonly Body[]): number {
  let total = 0;
  for (let i = 0; i < all.length; i++) {
    const one = all[i]!;
    total += 0.5 * one.mass * (one.vx * one.vx + one.vy * one.vy + one.vz * one.vz);
    for (let j = i + 1; j < all.length; j++) {
      const other = all[j]!;
      const dx = one.x - other.x;
      const dy = one.y - other.y;
      const dz = one.z - other.z;
      total -= (one.mass * other.mass) / Math.sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return total;
}

export function runNBody(): number {
  const all = bodies();
  const sun = all[0]!;
  let px = 0;
  let py = 0;
  let pz = 0;
  for (const body of all) {
    px += body.vx * body.mass;
    py += body.vy * body.mass;
    pz += body.vz * body.mass;
  }
  sun.vx = -px / sun.mass;
  sun.vy = -py / sun.mass;
  sun.vz = -pz / sun.mass;
  for (let i = 0; i < 2000; i++) advance(all, 0.01);
  return Math.trunc(energy(all) * 1e9);
}
