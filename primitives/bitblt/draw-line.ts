/**
 * `drawLoopX:Y:`: the rectangle copied at each step of a line from where it stands, which is left out, as is the end: both belong to whoever draws the
 * ends of a line. The steps are Bresenham's.
 */
import type { BitBltObject } from './bitblt-object.ts';
import type { RuleArguments } from './combination-rules.ts';
import { copyBits } from './copy-bits.ts';

/** Leaves the BitBlt at the line's end. */
export function drawLine(blit: BitBltObject, dx: number, dy: number, given: RuleArguments): void {
  const [stepX, stepY] = [Math.sign(dx), Math.sign(dy)];
  const isFlat = Math.abs(dx) > Math.abs(dy);
  const long = isFlat ? Math.abs(dx) : Math.abs(dy);
  const short = isFlat ? Math.abs(dy) : Math.abs(dx);
  let rest = long >> 1;
  for (let i = 1; i <= long; i++) {
    rest -= short;
    const turns = rest < 0;
    if (turns) rest += long;
    if (isFlat || turns) blit.x += stepX;
    if (!isFlat || turns) blit.y += stepY;
    if (i < long) copyBits(blit, given);
  }
}
