/** An image to run Smalltalk in, for tests: answers as text, errors as `Class: message`. */
import { expect } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { ImageSession, type SessionSettings } from '../../cli/image-session.ts';
import { runScript } from '../../cli/script.ts';
import type { Outcome } from '../../vm/interpreter/host-calls.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';

export interface Smalltalk {
  readonly session: ImageSession;
  /** The printString of the value, or `Class: message` of the error that nobody handled. */
  evaluate(source: string): string;
  /** Runs chunks of definitions, which must all end well. */
  load(chunks: string): void;
  /** Verifies the heap and ends the executor. */
  close(): void;
}

export function openSmalltalk(settings: SessionSettings = {}): Smalltalk {
  const session = ImageSession.open(CheckoutPath.kernelImage, {
    assert: true,
    heapLimitBytes: TEST_HEAP_BYTES,
    ...settings,
  });
  const describe = (outcome: Outcome): string => {
    if (outcome.kind === 'unhandled') {
      const { class: name, message } = session.describeError(outcome);
      return `${name}: ${message}`;
    }
    if (outcome.kind !== 'value') return outcome.kind;
    const printed = session.printString(outcome.oop);
    return typeof printed === 'string' ? printed : printed.kind;
  };
  const evaluate = (source: string): string => describe(session.evaluate(source));
  return {
    session,
    evaluate,
    load: (chunks) => {
      const failure = runScript(session, 'test', chunks);
      expect(failure === undefined ? 'loaded' : describe(failure)).toBe('loaded');
    },
    close: () => {
      expect(evaluate('Smalltalk heapProblems')).toBe('#()');
      session.close();
    },
  };
}
