/**
 * A VM whose image has nothing to do is idle, also where a process of the image runs in circles: an idle process that gives the processor up, or a loop
 * that asks for input. Counted are questions, not time.
 */
import { describe, expect, test } from '@jest/globals';
import { Display } from '../../primitives/display/display.ts';
import { inputPrimitives } from '../../primitives/input/index.ts';
import { Button, UserInput } from '../../primitives/input/user-input.ts';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import { TinyImage } from './tiny-image.ts';

/** An image in which a process runs `[true] whileTrue: [self ask]`, or `self ask: 1000` for 230; and how often it asked. */
function asking(primitive: number, input = new UserInput(), display = new Display()) {
  const image = new TinyImage();
  let asked = 0;
  const given = inputPrimitives(input, display);
  const definition = given.find((each) => 'number' in each && each.number === primitive)!;
  image.vm.addPrimitives([
    {
      ...definition,
      run: (vm, argumentCount) => {
        asked++;
        return definition.run(vm, argumentCount);
      },
    },
  ]);
  const count = primitive === 230 ? 1 : 0;
  const selector = count === 0 ? 'ask' : 'ask:';
  image.method('Object', selector, { arguments: count, code: [88], primitive });
  const literals = [image.symbol(selector), smallIntegerOop(1000)];
  // push self, the argument if any, send, pop, jump back
  const code = count === 0 ? [76, 128, 216, 225, 255, 237, 249] : [76, 33, 144, 216, 225, 255, 237, 248];
  image.method('Object', 'loop', { literals, code });
  image.vm.start(image.memory.nil, image.symbol('loop'));
  /** Runs until the VM is idle, and puts the clock to when it is not any more; answers how long that is. */
  const rest = (): number => {
    const before = image.host.now;
    const status = image.vm.run();
    if (status.kind !== 'idle' || status.until === undefined) throw new Error(`the VM is ${status.kind}, not idle`);
    image.host.now = status.until;
    return status.until - before;
  };
  return { image, rest, questions: () => asked };
}

describe('idling', () => {
  test('an idle process that gives up the processor lets the VM rest, longer each time, up to a bound', () => {
    const { rest, questions } = asking(230);
    expect(Array.from({ length: 8 }, rest)).toEqual([1, 2, 4, 8, 16, 16, 16, 16]);
    expect(questions()).toBe(8);
  });

  test('a timer that is due earlier ends the rest', () => {
    const { image, rest } = asking(230);
    for (let i = 0; i < 6; i++) rest();
    image.vm.interpreter.safepoint.wakeUpTime = image.host.now + 3;
    expect(rest()).toBe(3);
  });

  test('a signal that waits to be delivered is not rested over', () => {
    const { image, rest, questions } = asking(230);
    rest();
    image.vm.interpreter.safepoint.signalExternal(1);
    rest();
    expect(questions()).toBe(2);
  });

  test('nobody rests while another process of the same priority waits for its turn', () => {
    const { image, rest, questions } = asking(230);
    rest();
    // A second one that asks is ready behind the first.
    image.vm.start(image.memory.nil, image.symbol('loop'));
    image.host.interruptRequested = () => questions() > 100;
    expect(image.vm.run().kind).toBe('running');
    expect(questions()).toBeGreaterThan(100);
  });

  for (const [primitive, name] of [
    [90, 'where the mouse is'],
    [107, 'which buttons are pressed'],
    [108, 'for a key'],
  ] as const)
    test(`a loop that asks ${name} rests after some questions, and then after each`, () => {
      const image = asking(primitive);
      expect(image.rest()).toBe(10);
      const patience = image.questions();
      expect(patience).toBeLessThan(100);
      image.rest();
      expect(image.questions()).toBe(patience + 1);
    });

  test('an image that draws between its questions is busy', () => {
    const [input, display] = [new UserInput(), new Display()];
    const { image, rest, questions } = asking(107, input, display);
    rest();
    const patience = questions();
    display.drawings++;
    rest();
    // The question that sees it, then as many as before.
    expect(questions()).toBe(2 * patience + 1);
    input.moveMouse(image.host.now, 1, 1);
    rest();
    expect(questions()).toBe(3 * patience + 2);
  });
});

describe('input', () => {
  test('is handed to the image event by event, once it has named a semaphore', () => {
    const input = new UserInput();
    const signalled: number[] = [];
    input.listener = { signalExternal: (index) => signalled.push(index), interrupt: () => signalled.push(-1) };
    input.moveMouse(1, 5, 6);
    input.semaphoreIndex = 7;
    input.moveMouse(2, 8, 9);
    input.setButtons(3, Button.RED);
    input.modifiers = 8;
    input.pressKey(4, 46, 46);
    expect(signalled).toEqual([7, 7, 7, 7]);
    const events = Array.from({ length: 5 }, () => input.nextEvent());
    expect(events).toEqual([
      [1, 2, 8, 9, 0, 0, 0, 0],
      [1, 3, 8, 9, 4, 0, 0, 0],
      [2, 4, 46, 1, 8, 46, 0, 0],
      [2, 4, 46, 0, 8, 46, 0, 0],
      undefined,
    ]);
  });

  test('waits to be asked for in an image without events; its interrupt key interrupts', () => {
    const input = new UserInput();
    const heard: string[] = [];
    input.listener = { signalExternal: () => heard.push('signal'), interrupt: () => heard.push('interrupt') };
    input.pressKey(1, 97, 97);
    input.modifiers = 8;
    input.pressKey(2, 46, 46);
    expect([input.peekKey(), input.nextKey(), input.nextKey()]).toEqual([97, 97, undefined]);
    expect(heard).toEqual(['interrupt']);
  });
});
