/**
 * What the VM knows of an image's screen. There is none: the Form that the image makes its Display is the screen, and stands in the special objects;
 * this holds what is said about it, and counts how often it was drawn on, so that others can tell whether an image is still
 * busy with its picture.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, type Oop } from '../../vm/memory/oop.ts';
import { SpecialObject } from '../../vm/memory/well-known.ts';

export interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

/** As screens were when the oldest of these images were made. */
const DEFAULT_SIZE: ScreenSize = { width: 640, height: 480 };
/** A Form's first slot: its pixels. */
const BITS = 0;

export class Display {
  /** How large the image is told that its screen is; undefined where nobody chose. */
  readonly size: ScreenSize | undefined;
  /** Operations that changed the Display's pixels so far. */
  drawings = 0;
  /** The image said that it will tell when its drawing is to be shown. */
  isDeferred = false;
  isFullScreen = false;

  constructor(size?: ScreenSize) {
    this.size = size;
  }

  /** What to answer an image that has no Display of its own to go by. */
  sizeFor(form: ScreenSize | undefined): ScreenSize {
    return this.size ?? form ?? DEFAULT_SIZE;
  }

  /** The Form that the image made its Display; nil before. */
  form(memory: ObjectMemory): Oop {
    return memory.specialObject(SpecialObject.DISPLAY);
  }

  /** To be told of every Form that was drawn on. */
  noteDrawnOn(memory: ObjectMemory, form: Oop): void {
    const display = this.form(memory);
    if (form === display) this.drawings++;
    else if (!isImmediate(display) && memory.isPointers(display) && memory.slotCountOf(display) > BITS)
      if (memory.fetchPointer(form, BITS) === memory.fetchPointer(display, BITS)) this.drawings++;
  }
}
