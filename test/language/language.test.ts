import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { ImageSession } from '../../cli/image-session.ts';
import { CompileError } from '../../image/compiler/compile-error.ts';
import { NodeHost } from '../../primitives/node-host.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';
import { readCases } from './expectations.ts';

const folder = fileURLToPath(new URL('../../../test/language/', import.meta.url));

/** What the cases print is not for the test's reader. */
class QuietHost extends NodeHost {
  override writeConsole(): void {}
}

/** What a case came to: its value's printString, or the text of its error. */
function resultOf(session: ImageSession, source: string): { kind: 'value' | 'error'; text: string } {
  try {
    const outcome = session.evaluate(source);
    if (outcome.kind === 'unhandled') return { kind: 'error', text: session.describeError(outcome).message };
    if (outcome.kind !== 'value') return { kind: 'error', text: outcome.kind };
    const printed = session.printString(outcome.oop);
    return typeof printed === 'string' ? { kind: 'value', text: printed } : { kind: 'error', text: printed.kind };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return { kind: 'error', text: error.message };
  }
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.st'))) {
  describe(file.replace(/\.st$/, ''), () => {
    let session: ImageSession;
    beforeAll(() => {
      session = ImageSession.open(CheckoutPath.kernelImage, {
        assert: true,
        heapLimitBytes: TEST_HEAP_BYTES,
        host: new QuietHost(),
      });
    });
    afterAll(() => {
      session.close();
    });
    for (const { line, source, expected } of readCases(readFileSync(folder + file, 'utf8'), file)) {
      test(`line ${line}: ${source.trim().replace(/\s+/g, ' ').slice(0, 90)}`, () => {
        expect(resultOf(session, source)).toEqual(expected);
      });
    }
  });
}
