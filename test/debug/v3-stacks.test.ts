/** Stacks of images whose methods do not note where they stand: the names come from the receivers' classes. */
import { describe, expect } from '@jest/globals';
import { ImageSession } from '../../cli/image-session.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';
import { imagePath, testWithImage } from '../images-folder.ts';

describe('the stack of an image of V3', () => {
  const mini = 'rsq-mini-running-something.image';

  testWithImage(mini)('names methods as their classes do, in Blue Book blocks too', () => {
    const session = ImageSession.open(imagePath(mini), { heapLimitBytes: TEST_HEAP_BYTES });
    try {
      expect(session.vm.resumeImage()).toBeDefined();
      const lines = session.stackLines(session.vm.interpreter.activeContext());
      expect(lines.slice(0, 4)).toEqual([
        'UndefinedObject>>DoIt',
        'Compiler>>evaluate:in:to:notifying:ifFail:',
        'PluggableTextController(ParagraphEditor)>>evaluateSelection',
        'PluggableTextController(ParagraphEditor)>>printIt',
      ]);
      expect(lines.slice(-2)).toEqual(['[ ] in ControlManager>>activeController:', '[ ] in BlockContext>>newProcess']);
    } finally {
      session.close();
    }
  });
});
