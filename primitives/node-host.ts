/**
 * The host that Node offers a VM: its clocks, file descriptors 1 and 2 written synchronously, Ctrl-C.
 *
 * While the VM runs in one slice, Node delivers no signals; a driver that wants Ctrl-C runs slices and calls
 * `requestInterrupt` from its SIGINT handler.
 */
import { writeSync } from 'node:fs';
import { EngineHost } from '../vm/engine-host.ts';
import type { Host } from '../vm/host.ts';
import { nodeFiles } from './node-files.ts';

const BELL = 7;

/** What the image wrote went nowhere: a full disk, say. */
export class ConsoleError extends Error {
  override readonly name = 'ConsoleError';
  constructor(stream: 1 | 2, code: string) {
    super(`standard ${stream === 1 ? 'output' : 'error'} cannot be written (${code})`);
  }
}

export class NodeHost extends EngineHost implements Host {
  readonly files = nodeFiles;
  private readonly sleeper = new Int32Array(new SharedArrayBuffer(4));

  writeConsole(stream: 1 | 2, bytes: Uint8Array): void {
    let written = 0;
    while (written < bytes.length) {
      try {
        written += writeSync(stream, bytes, written);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        // A pipe that is full for now is tried again; one whose reader is gone takes nothing any more.
        if (code === 'EAGAIN') Atomics.wait(this.sleeper, 0, 0, 1);
        else if (code === 'EPIPE') return;
        else throw new ConsoleError(stream, String(code ?? error));
      }
    }
  }

  /** On a terminal only: elsewhere the character would be noise. */
  beep(): void {
    if (process.stderr.isTTY) this.writeConsole(2, Uint8Array.of(BELL));
  }

  environmentVariable(name: string): string | undefined {
    return process.env[name];
  }

  sleepUntil(time: number): void {
    const milliseconds = time - this.milliseconds();
    if (milliseconds > 0) Atomics.wait(this.sleeper, 0, 0, milliseconds);
  }
}
