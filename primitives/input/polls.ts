/**
 * Tells when an image only waits for its user. It asks for input over and over, finds nothing new and draws nothing: then the VM rests
 * instead of running in circles. The idle process of later images says so itself, with primitive 230.
 *
 * Squeak's VMs for the Macintosh and SqueakJS do the same; images of that time have no other way to wait.
 */
import type { Interpreter } from '../../vm/interpreter/interpreter.ts';
import { EVENTS_BETWEEN_CHECKS } from '../../vm/interpreter/safepoint.ts';
import type { Display } from '../display/display.ts';
import type { UserInput } from './user-input.ts';

/** Vain questions in a row after which an image counts as waiting: a menu asks some times a cycle. */
const PATIENCE = 24;
/** Of a rest after vain questions: what a user does not notice. */
const POLL_REST_MS = 10;
/** The longest rest of an idle process, which asks for one millisecond each time. */
const LONGEST_REST_MS = 16;
/** Sends between two rests of a process that does nothing else. */
const SENDS_OF_AN_IDLE_LOOP = 16;

export class Polls {
  private readonly input: UserInput;
  private readonly display: Display;
  private vain = 0;
  private happened = 0;
  private drawings = 0;
  private nextRestMs = 1;

  constructor(input: UserInput, display: Display) {
    this.input = input;
    this.display = display;
  }

  /** To be called after each question for input has been answered. */
  note(vm: Interpreter): void {
    if (this.happened !== this.input.happened || this.drawings !== this.display.drawings || !this.input.isQuiet) {
      this.happened = this.input.happened;
      this.drawings = this.display.drawings;
      this.vain = 0;
      return;
    }
    if (++this.vain > PATIENCE) vm.safepoint.rest(POLL_REST_MS);
  }

  /**
   * The active process gives the processor up for so long. One that does only that rests longer each time: nothing that it could
   * wait for comes without the timer, an event or another signal, and these end the rest.
   */
  relinquish(vm: Interpreter, milliseconds: number): void {
    const sends = EVENTS_BETWEEN_CHECKS - vm.safepoint.countdown;
    const isIdleLoop = sends >= 0 && sends <= SENDS_OF_AN_IDLE_LOOP;
    const restMs = isIdleLoop ? this.nextRestMs : 1;
    this.nextRestMs = Math.min(LONGEST_REST_MS, 2 * restMs);
    vm.safepoint.rest(Math.max(milliseconds, restMs));
  }
}
