/**
 * What a user does with mouse and keyboard, as images learn of it: either as events, fetched one by one after a semaphore was signalled, or
 * by asking over and over where the mouse is and what was typed, as images before Squeak 3 do.
 *
 * Whoever plays the user (cli: `--events`) calls `moveMouse`, `pressButtons` and so on; the primitives of this folder read. Times are on
 * the host's clock. Source: `sq.h` of the Squeak VMs for the events' fields; EventSensor and InputSensor for their use.
 */

/** Bits of the buttons, by the colours that Smalltalk gave them: left, middle, right. */
export const Button = { RED: 4, YELLOW: 2, BLUE: 1 } as const;
export const Modifier = { SHIFT: 1, CONTROL: 2, OPTION: 4, COMMAND: 8 } as const;

const EventType = { NONE: 0, MOUSE: 1, KEYBOARD: 2, MOUSE_WHEEL: 7 } as const;
const KeyPhase = { CHARACTER: 0, DOWN: 1, UP: 2 } as const;
/** Type, time, then what belongs to the type. */
export const EVENT_WORDS = 8;
/** What images read of the clock: SmallIntegers on every VM. */
const MILLISECOND_MASK = 0x1fff_ffff;
/** Command and full stop, as VMs have it until the image says otherwise. */
const DEFAULT_INTERRUPT_KEY = (Modifier.COMMAND << 8) | '.'.charCodeAt(0);

export type InputEvent = readonly number[];

export interface InputListener {
  /** There is an event: to be called for the semaphore at `index` of the image's external objects. */
  signalExternal(index: number): void;
  /** The key that interrupts was typed in an image that does not take events. */
  interrupt(): void;
}

export class UserInput {
  x = 0;
  y = 0;
  buttons = 0;
  modifiers = 0;
  /** Of the image's external objects, from 1; 0 while it does not want events. */
  semaphoreIndex = 0;
  /** A character and, above its 8 bits, modifiers. */
  interruptKey = DEFAULT_INTERRUPT_KEY;
  /** Counts what the user did, so that others can tell whether anything happened. */
  happened = 0;
  listener: InputListener | undefined = undefined;
  private readonly events: InputEvent[] = [];
  /** For images that ask for keys: a character and, above its 8 bits, modifiers. */
  private readonly keys: number[] = [];

  moveMouse(time: number, x: number, y: number): void {
    this.x = x;
    this.y = y;
    this.recordMouse(time);
  }

  setButtons(time: number, buttons: number): void {
    this.buttons = buttons;
    this.recordMouse(time);
  }

  /** `horizontal`, `vertical`: a notch is 120, up and right positive. */
  turnWheel(time: number, horizontal: number, vertical: number): void {
    this.record([EventType.MOUSE_WHEEL, time, horizontal, vertical, this.buttons, this.modifiers, 0, 0]);
  }

  /** `code` is what the image gets as the character, `codePoint` its Unicode. */
  pressKey(time: number, code: number, codePoint: number): void {
    this.recordKey(time, KeyPhase.DOWN, code, codePoint);
    this.recordKey(time, KeyPhase.CHARACTER, code, codePoint);
    if (this.semaphoreIndex !== 0) return;
    const key = (code & 255) | (this.modifiers << 8);
    if (key === this.interruptKey) this.listener?.interrupt();
    else this.keys.push(key);
  }

  releaseKey(time: number, code: number, codePoint: number): void {
    this.recordKey(time, KeyPhase.UP, code, codePoint);
  }

  /** The oldest event that the image has not fetched yet. */
  nextEvent(): InputEvent | undefined {
    return this.events.shift();
  }

  nextKey(): number | undefined {
    return this.keys.shift();
  }

  peekKey(): number | undefined {
    return this.keys[0];
  }

  /** Nothing waits to be fetched. */
  get isQuiet(): boolean {
    return this.events.length === 0 && this.keys.length === 0;
  }

  private recordMouse(time: number): void {
    this.record([EventType.MOUSE, time, this.x, this.y, this.buttons, this.modifiers, 0, 0]);
  }

  private recordKey(time: number, phase: number, code: number, codePoint: number): void {
    this.record([EventType.KEYBOARD, time, code, phase, this.modifiers, codePoint, 0, 0]);
  }

  private record([type, time, ...rest]: readonly [number, number, ...number[]]): void {
    this.happened++;
    if (this.semaphoreIndex === 0) return;
    this.events.push([type, Math.floor(time) & MILLISECOND_MASK, ...rest]);
    this.listener?.signalExternal(this.semaphoreIndex);
  }
}
