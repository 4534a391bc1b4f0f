/**
 * SqueakJS as a peer, from a checkout of https://github.com/codefrau/SqueakJS: its own files, loaded as its `squeak_node.js` loads
 * them. What is measured of it are `readFromBuffer` and `writeToBuffer`, which do what our readers and writers do.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { LoadedOnce } from './image-process.ts';

/** What of SqueakJS is used here. */
interface SqueakImage {
  readFromBuffer(buffer: ArrayBuffer, thenDo: () => void): void;
  fullGC(reason: string): void;
  writeToBuffer(): ArrayBuffer;
}
interface SqueakGlobals {
  readonly Image: new (name: string) => SqueakImage;
  readonly Interpreter: new (image: SqueakImage, display: object) => unknown;
}

const FILES = [
  './globals.js',
  './vm.js',
  './vm.object.js',
  './vm.object.spur.js',
  './vm.image.js',
  './vm.interpreter.js',
  './vm.interpreter.proxy.js',
  './vm.instruction.stream.js',
  './vm.instruction.stream.sista.js',
  './vm.primitives.js',
  './jit.js',
  './vm.display.js',
  './vm.display.headless.js',
  './vm.input.js',
  './vm.input.headless.js',
  './vm.plugins.js',
];

/** A function that loads the image once more. */
export function squeakJsLoader(folder: string, file: string): () => LoadedOnce {
  const require = createRequire(resolve(folder, 'squeak_node.js'));
  Object.assign(globalThis, { self: globalThis, localStorage: {} });
  for (const each of FILES) require(each);
  const squeak = (globalThis as unknown as { readonly Squeak: SqueakGlobals }).Squeak;
  // It says what it does on standard output, where the result is to stand.
  console.log = () => undefined;
  return () => {
    const bytes = readFileSync(file);
    const image = new squeak.Image('bench');
    image.readFromBuffer(new Uint8Array(bytes).buffer, () => undefined);
    return {
      collect: () => {
        // Collections and snapshots go through its interpreter, which is made only now.
        new squeak.Interpreter(image, { vmOptions: ['-vm-display-null'] });
        image.fullGC('bench');
      },
      write: () => image.writeToBuffer().byteLength,
    };
  };
}
