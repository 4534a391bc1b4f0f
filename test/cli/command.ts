/** Runs the built command as a user does, in a process of its own; and a folder for the files that a test makes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';

export const main = fileURLToPath(new URL('../../cli/start.js', import.meta.url));

export interface CommandResult {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function safeffi(args: readonly string[], options: CommandOptions = {}): CommandResult {
  return execute(process.execPath, [main, ...args], options);
}

/** Any program; for the tests that need a shell around the command. */
export function execute(program: string, args: readonly string[], options: CommandOptions = {}): CommandResult {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? {} : { input: options.input }),
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    timeout: 120_000,
  });
  return { status: result.status, signal: result.signal, stdout: result.stdout, stderr: result.stderr };
}

/** A folder that is removed after the tests of the file that asks for it. */
export class Scratch {
  readonly path = mkdtempSync(join(tmpdir(), 'safeffi-test-'));

  constructor() {
    afterAll(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** The path of a file in it, which is written when there is something to write. */
  file(name: string, content?: string | Uint8Array): string {
    const path = join(this.path, name);
    if (content !== undefined) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return path;
  }
}
