/**
 * Plays the steps of a script to an image: lets it run until a step is due, does what the step says by its hands (UserInput), and so on. A click takes as long
 * as one does, so that images see it which only ask for the buttons now and then.
 *
 * An image counts as idle when for a while it drew nothing, fetched all events, and had nothing to run whenever it was
 * looked at.
 */
import type { Display } from '../../primitives/display/display.ts';
import type { UserInput } from '../../primitives/input/user-input.ts';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { ResumedImage, ResumedOutcome } from '../image-session.ts';
import type { Action, Point, Step } from './event-script.ts';
import type { Key } from './keys.ts';

/** How long a button or key is held, and how long it takes to the next. */
const HOLD_MS = 60;
const PAUSE_MS = 60;
const KEY_MS = 20;
const DRAG_STEPS = 10;
const DRAG_STEP_MS = 20;
/** Between two looks whether an image is idle, and how many must find it so. */
const IDLE_LOOK_MS = 20;
const IDLE_LOOKS = 10;

export interface Stage {
  readonly image: ResumedImage;
  readonly input: UserInput;
  readonly display: Display;
  /** Throws CommandError where there is nothing to be seen, or no such file can be written. */
  readonly takeScreenshot: (file: string) => void;
}

/** The image ended, or its time was over, while a step was played. */
class ImageEnded extends Error {
  readonly outcome: ResumedOutcome;
  constructor(outcome: ResumedOutcome) {
    super('the image ended');
    this.outcome = outcome;
  }
}

export interface Played {
  /** undefined when the image still runs. */
  readonly outcome: ResumedOutcome | undefined;
  /** The step that was not played to its end. */
  readonly unplayed: Step | undefined;
}

export class EventPlayer {
  private readonly stage: Stage;
  private readonly script: string;
  private readonly start: number;

  /** `script` is the script's file, for messages. */
  constructor(stage: Stage, script: string) {
    this.stage = stage;
    this.script = script;
    this.start = stage.image.milliseconds();
  }

  /** Throws CommandError for a step that cannot be done. */
  async play(steps: readonly Step[]): Promise<Played> {
    for (const step of steps) {
      try {
        if (step.at !== undefined) await this.runUntil(this.start + step.at);
        if (step.action !== undefined) await this.act(step.action, step);
      } catch (error) {
        if (error instanceof ImageEnded) return { outcome: error.outcome, unplayed: step };
        throw error;
      }
    }
    return { outcome: undefined, unplayed: undefined };
  }

  private async act(action: Action, step: Step): Promise<void> {
    const { input } = this.stage;
    switch (action.kind) {
      case 'wait':
        return this.run(action.milliseconds);
      case 'wait idle':
        return this.waitIdle(action.limitMs, step);
      case 'move':
        this.move(action.to);
        return this.run(PAUSE_MS);
      case 'press':
        return this.press(action);
      case 'release':
        return this.release(action.at);
      case 'click':
        for (let i = 0; i < action.times; i++) {
          await this.press(action);
          await this.release(undefined);
        }
        return;
      case 'drag':
        return this.drag(action);
      case 'wheel':
        input.turnWheel(this.now(), action.horizontal, action.vertical);
        return this.run(PAUSE_MS);
      case 'keys':
        for (const key of action.keys) await this.type(key, action.modifiers);
        return;
      case 'screenshot':
        return this.stage.takeScreenshot(action.file);
      default:
        return unreachable(action);
    }
  }

  private now(): number {
    return this.stage.image.milliseconds();
  }

  private run(milliseconds: number): Promise<void> {
    return this.runUntil(this.now() + milliseconds);
  }

  private async runUntil(time: number): Promise<void> {
    const outcome = await this.stage.image.runUntil(time);
    if (outcome !== undefined) throw new ImageEnded(outcome);
  }

  private move(to: Point): void {
    this.stage.input.moveMouse(this.now(), to.x, to.y);
  }

  private async press(action: { at: Point | undefined; button: number; modifiers: number }): Promise<void> {
    const { input } = this.stage;
    if (action.at !== undefined && (action.at.x !== input.x || action.at.y !== input.y)) {
      this.move(action.at);
      await this.run(PAUSE_MS);
    }
    input.modifiers = action.modifiers;
    input.setButtons(this.now(), action.button);
    await this.run(HOLD_MS);
  }

  private async release(at: Point | undefined): Promise<void> {
    const { input } = this.stage;
    if (at !== undefined) {
      this.move(at);
      await this.run(PAUSE_MS);
    }
    input.setButtons(this.now(), 0);
    input.modifiers = 0;
    await this.run(PAUSE_MS);
  }

  private async drag(action: Extract<Action, { kind: 'drag' }>): Promise<void> {
    await this.press(action);
    const from = action.at ?? { x: this.stage.input.x, y: this.stage.input.y };
    for (let i = 1; i <= DRAG_STEPS; i++) {
      const along = (start: number, end: number) => Math.round(start + ((end - start) * i) / DRAG_STEPS);
      this.move({ x: along(from.x, action.to.x), y: along(from.y, action.to.y) });
      await this.run(DRAG_STEP_MS);
    }
    await this.release(undefined);
  }

  private async type(key: Key, modifiers: number): Promise<void> {
    const { input } = this.stage;
    input.modifiers = modifiers;
    input.pressKey(this.now(), key.code, key.codePoint);
    await this.run(KEY_MS);
    input.releaseKey(this.now(), key.code, key.codePoint);
    input.modifiers = 0;
    await this.run(KEY_MS);
  }

  private async waitIdle(limitMs: number, step: Step): Promise<void> {
    const { image, input, display } = this.stage;
    const limit = this.now() + limitMs;
    let [looks, drawings, before] = [0, display.drawings, display.drawings];
    while (looks < IDLE_LOOKS) {
      if (this.now() >= limit) throw this.neverIdle(step, limitMs, display.drawings - before);
      await this.run(IDLE_LOOK_MS);
      const isIdle = image.isIdle && input.isQuiet && display.drawings === drawings;
      if (!isIdle) before = drawings;
      looks = isIdle ? looks + 1 : 0;
      drawings = display.drawings;
    }
  }

  private neverIdle(step: Step, limitMs: number, drawings: number): CommandError {
    const { image, input } = this.stage;
    const reason = !image.isIdle
      ? 'it still runs'
      : !input.isQuiet
        ? 'it does not fetch its events'
        : `it drew ${drawings} times when it was last looked at`;
    const message = `${this.script}:${step.line}: the image was not idle within ${limitMs} ms: ${reason}`;
    return new CommandError(message, ExitCode.PROGRAM_FAILED);
  }
}

function unreachable(value: never): never {
  throw new RangeError(`no such action: ${JSON.stringify(value)}`);
}
