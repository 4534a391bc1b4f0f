/**
 * Runs the SUnit tests of an image one by one, through the image's own `HostTestRun`. A test that fails or breaks shows its
 * exception while its stack is still there, and is then let go on, so that its `tearDown` runs; one that ends or blocks its
 * process, or quits, is noted as broken, and the next one runs in a process of its own.
 */
import type { Outcome } from '../vm/interpreter/host-calls.ts';
import type { Oop } from '../vm/memory/oop.ts';
import type { Retained } from '../vm/vm.ts';
import { CommandError } from './exit-code.ts';
import type { ImageSession } from './image-session.ts';

export interface TestName {
  readonly class: string;
  readonly selector: string;
}

/** A test that did not pass; the stack from the test's own frames to its test method, innermost first. */
export interface TestDefect extends TestName {
  readonly message: string;
  readonly stack: readonly string[];
  /** The whole report of a fault, for people. */
  readonly report: string | undefined;
}

export interface TestSummary {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly TestDefect[];
}

type Unhandled = Extract<Outcome, { kind: 'unhandled' }>;

/** Frames of SUnit itself: assertions and what signals, above the test; what runs a test, below it. */
const ASSERTING = /\(TestAsserter\)>>|^TestFailure|^TestTookTooMuchTime/;
const RUNNING = /(^|[ (])TestCase\)?>>(performTest|runCase|withinTimeLimitDo:)/;

export class TestRun {
  readonly tests: readonly TestName[];
  private readonly session: ImageSession;
  private readonly run: Retained;

  /** The tests of the classes named and of those below abstract ones; of all classes where none is named. */
  constructor(session: ImageSession, classNames: readonly string[]) {
    this.session = session;
    checkTestClasses(session, classNames);
    const source = classNames.length === 0 ? 'ofAllTests' : `ofClasses: { ${classNames.join('. ')} }`;
    const run = this.valueOf(session.evaluate(`HostTestRun ${source}`), 'listing the tests');
    this.run = session.vm.retain(run);
    const names = session.memory.stringValueOf(
      this.valueOf(session.vm.call(this.run.oop, 'testNames'), 'naming the tests'),
    );
    this.tests = names
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [className = '', selector = ''] = line.split(' ');
        return { class: className, selector };
      });
  }

  /** Runs all tests; `onProgress` is told how many are over. Answers undefined when the user interrupted. */
  runAll(onProgress: (done: number, total: number) => void): TestSummary | undefined {
    const failures: TestDefect[] = [];
    const counts = { passed: 0, skipped: 0 };
    for (const [i, test] of this.tests.entries()) {
      const result = this.runNext(test);
      if (result === 'interrupted') return undefined;
      if (result === 'passed' || result === 'skipped') counts[result]++;
      else failures.push(result);
      onProgress(i + 1, this.tests.length);
    }
    this.valueOf(this.session.vm.call(this.run.oop, 'finish'), 'giving back what the tests shared');
    return { ...counts, failures };
  }

  private runNext(test: TestName): 'passed' | 'skipped' | 'interrupted' | TestDefect {
    const { vm, memory } = this.session;
    let defect: TestDefect | undefined;
    let outcome = vm.call(this.run.oop, 'runNext');
    while (outcome.kind === 'unhandled') {
      const process = vm.retain(outcome.process);
      try {
        const described = this.describe(test, outcome);
        defect ??= described;
        outcome = vm.resume(process.oop, memory.nil);
      } finally {
        process.release();
      }
    }
    switch (outcome.kind) {
      case 'value': {
        const ending = memory.stringValueOf(outcome.oop);
        if (ending === 'passed' || ending === 'skipped') return ending;
        return defect ?? broken(test, 'the test passed, but is listed in #expectedFailures');
      }
      case 'interrupted':
        return 'interrupted';
      case 'quit':
        vm.refuseQuit();
        return this.abandoned(test, `the test quit the VM with exit code ${outcome.exitCode}`);
      case 'terminated':
        return broken(test, 'the test ended the process that it ran in');
      case 'stuck':
        return this.abandoned(test, 'the test waits for what never comes: no process can run and no timer is set');
    }
  }

  /** Ends the process of a test that will not end by itself, so that its `tearDown` runs. */
  private abandoned(test: TestName, message: string): TestDefect {
    const outcome = this.session.vm.call(this.run.oop, 'abandon');
    return broken(test, outcome.kind === 'value' ? message : `${message}; its tearDown did not come to an end`);
  }

  private describe(test: TestName, outcome: Unhandled): TestDefect {
    const { session } = this;
    const exception = session.vm.retain(outcome.exception);
    try {
      const signalled = session.vm.call(exception.oop, 'signalContext');
      const context = signalled.kind === 'value' ? signalled.oop : session.memory.nil;
      const error = session.describeError({ ...outcome, exception: exception.oop, context });
      return {
        ...test,
        message: error.class === 'TestFailure' ? error.message : `${error.class}: ${error.message}`,
        stack: testFrames(error.stack),
        report: error.text,
      };
    } finally {
      exception.release();
    }
  }

  private valueOf(outcome: Outcome, action: string): Oop {
    if (outcome.kind === 'value') return outcome.oop;
    const why = outcome.kind === 'unhandled' ? this.session.describeError(outcome).message : outcome.kind;
    throw new CommandError(`${action} failed: ${why}`);
  }
}

const broken = (test: TestName, message: string): TestDefect => ({ ...test, message, stack: [], report: undefined });

function testFrames(stack: readonly string[]): readonly string[] {
  const end = stack.findIndex((line) => RUNNING.test(line));
  const frames = end >= 0 ? stack.slice(0, end) : stack;
  const start = frames.findIndex((line) => !ASSERTING.test(line));
  return start >= 0 ? frames.slice(start) : frames;
}

function checkTestClasses(session: ImageSession, classNames: readonly string[]): void {
  const { vm, memory } = session;
  const root = vm.findClass('TestCase');
  if (root === undefined || vm.findClass('HostTestRun') === undefined)
    throw new CommandError('the image has no SUnit: it lacks the classes TestCase and HostTestRun');
  for (const name of classNames) {
    const behavior = vm.findClass(name);
    if (behavior === undefined) throw new CommandError(`the image has no class ${name}`);
    let at = behavior;
    while (at !== root && at !== memory.nil) at = vm.superclassOf(at);
    if (at !== root) throw new CommandError(`${name} is no test class: it does not inherit from TestCase`);
  }
}
