/**
 * A soak of the object memory: `node dist/bench/allocation-soak.js 1000000000` makes that many objects in a heap of 64 MB, by
 * Smalltalk code in the kernel image, and ends with status 1 when memory has grown since the first tenth. Objects of all
 * kinds: arrays, strings, floats, closures, contexts that are captured; a window of 20,000 of them lives on, so that some are
 * tenured and die old.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readImageFile } from '../image/format/image-file.ts';
import { readImage } from '../image/format/read-image.ts';
import { ImageCompiler } from '../image/runtime/image-compiler.ts';
import { installPrimitives, NodeHost } from '../primitives/index.ts';
import { selectorOf } from '../vm/memory/method-access.ts';
import { type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { VM } from '../vm/vm.ts';

const HEAP_BYTES = 64 << 20;
/** Objects that the method below makes in one turn, contexts that are recycled not counted. */
const OBJECTS_PER_TURN = 7;
const STEPS = 20;
/** Growth that is noise: the JavaScript heap between its own collections. */
const ALLOWED_KIB = 48 * 1024;

const SOURCE = `allocationSoak: turns window: window
	| index |
	index := 0.
	1 to: turns do: [ :i | | array block |
		array := Array new: 4.
		array at: 1 put: (String new: 10 + (i \\\\ 50)); at: 2 put: i * 1.5; at: 3 put: (Array with: array).
		block := [ :x | array at: 4 put: x ].
		block value: (1 @ i).
		index := index + 1.
		index > window size ifTrue: [ index := 1 ].
		window at: index put: array.
		window at: (i * 7919 \\\\ window size) + 1 put: (Array with: block) ].
	^ turns`;

const KERNEL_IMAGE = fileURLToPath(new URL('../kernel.image', import.meta.url));

const residentKiB = (): number => 4 * Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[1]);

function soak(objects: number): boolean {
  const { memory } = readImage(readImageFile(KERNEL_IMAGE), { maxBytes: HEAP_BYTES });
  const vm = new VM(memory, new NodeHost());
  installPrimitives(vm);
  vm.loadRoots();
  const { statistics } = vm.interpreter.gc;
  const compiler = new ImageCompiler(memory);
  const call = (receiver: Oop, selector: string, values: readonly Oop[]): Oop => {
    const outcome = vm.call(receiver, selector, values);
    if (outcome.kind !== 'value') throw new Error(`#${selector} ended as ${outcome.kind}`);
    return outcome.oop;
  };
  const behavior = vm.findClass('Object')!;
  const method = compiler.compileMethod(SOURCE, behavior);
  call(behavior, 'addSelector:withMethod:', [selectorOf(memory, method)!, method]);
  const made = vm.evaluateMethod(compiler.compileDoit('Array new: 20000'), memory.nil);
  if (made.kind !== 'value') throw new Error(`the window cannot be made: ${made.kind}`);
  const window = vm.retain(made.oop);
  const turns = Math.ceil(objects / OBJECTS_PER_TURN / STEPS);
  let first = { residentKiB: 0, liveBytes: 0 };
  let last = first;
  const start = performance.now();
  for (let step = 1; step <= STEPS; step++) {
    call(memory.nil, 'allocationSoak:window:', [smallIntegerOop(turns), window.oop]);
    vm.collectGarbage();
    last = { residentKiB: residentKiB(), liveBytes: memory.oldBytes };
    if (step === Math.ceil(STEPS / 10)) first = last;
    const figures = {
      objects: step * turns * OBJECTS_PER_TURN,
      seconds: Math.round((performance.now() - start) / 1000),
      ...last,
      bufferBytes: memory.buffer.byteLength,
      scavenges: statistics.scavenges,
      meanScavengeMs: Math.round((1000 * statistics.scavengeMs) / statistics.scavenges) / 1000,
      fullCollections: statistics.fullCollections,
      meanFullMs: Math.round(statistics.fullMs / statistics.fullCollections),
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
  const isFlat = last.residentKiB - first.residentKiB <= ALLOWED_KIB && last.liveBytes - first.liveBytes <= 1 << 20;
  process.stdout.write(isFlat ? 'memory stayed flat\n' : `memory grew: ${JSON.stringify({ first, last })}\n`);
  return isFlat;
}

const objects = Number(process.argv[2]);
if (!Number.isSafeInteger(objects) || objects < 1) {
  process.stderr.write('usage: node dist/bench/allocation-soak.js OBJECTS\n');
  process.exit(2);
}
process.exit(soak(objects) ? 0 : 1);
