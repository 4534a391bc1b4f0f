/**
 * A project that installed safeffi: the package and the two alias packages are packed, as they would be published, and installed by npm
 * without a registry. What safeffi depends on is taken from this checkout.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const limitMs = 300_000;

export class PackedProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'safeffi-shims-'));
  readonly #tarballs: ReadonlyMap<string, string>;

  constructor() {
    const sources = ['', 'shims/packages/ffi-napi', 'shims/packages/ref-napi'].map((folder) => join(root, folder));
    this.#tarballs = new Map(this.#packed(sources));
  }

  /** Packs a package in a folder; answers the spec that installs it. */
  pack(folder: string): string {
    return this.#packed([folder])[0]![1];
  }

  /** The spec that stands for `npm:<name>@…` here. */
  spec(name: string): string {
    return this.#tarballs.get(name)!;
  }

  /** A project in a folder of its own with these dependencies, installed; `overrides` as in a package.json. */
  install(name: string, dependencies: Record<string, string>, overrides: Record<string, string> = {}): string {
    const home = join(this.folder, name);
    const { dependencies: ofOurs } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const here = Object.keys(ofOurs).map((one) => [one, `file:${join(root, 'node_modules', one)}`] as const);
    const manifest = {
      private: true,
      dependencies: { safeffi: this.spec('safeffi'), ...dependencies },
      overrides: { ...Object.fromEntries(here), safeffi: '$safeffi', ...overrides },
    };
    this.write(name, { 'package.json': JSON.stringify(manifest) });
    this.#npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'], home);
    return home;
  }

  /** Writes files below the project's folder. */
  write(name: string, files: Record<string, string>): void {
    for (const [file, text] of Object.entries(files)) {
      const path = join(this.folder, name, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }

  /** Runs a program there; answers what it printed as JSON. */
  run(name: string, ...args: string[]): unknown {
    const ran = this.#ran(process.execPath, ['--no-warnings', ...args], join(this.folder, name));
    return JSON.parse(ran.stdout);
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }

  #packed(folders: readonly string[]): [name: string, spec: string][] {
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', this.folder, ...folders];
    const packed = JSON.parse(this.#npm(args, root)) as { name: string; filename: string }[];
    return packed.map(({ name, filename }) => [name, `file:${join(this.folder, filename)}`]);
  }

  #npm(args: readonly string[], cwd: string): string {
    return this.#ran('npm', [...args, '--loglevel=error'], cwd).stdout;
  }

  #ran(command: string, args: readonly string[], cwd: string): SpawnSyncReturns<string> {
    const ran = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: limitMs, killSignal: 'SIGKILL' });
    if (ran.status !== 0)
      throw new Error(
        `${command} ${args.join(' ')} ended with ${ran.signal ?? ran.status}: ${ran.stderr}${ran.stdout}`,
      );
    return ran;
  }
}
