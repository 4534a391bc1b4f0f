/**
 * What `safeffi bench napi` is measured beside, and what programs use it with: no dependencies of ours, installed into a folder for
 * temporary files when they are wanted. Their build may fail, for want of a compiler or a network.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const napiPeer = '@2060.io/ffi-napi';
const packages = [napiPeer, '@2060.io/ref-napi', 'ref-struct-di@1'];
const folder = join(tmpdir(), 'safeffi-peers');
const installLimitMs = 300_000;

/** Answers the folder whose `node_modules` has them, or why it has not. */
export function installNapiPeers(): { readonly folder: string } | { readonly reason: string } {
  mkdirSync(folder, { recursive: true });
  const isThere = (name: string) => existsSync(join(folder, 'node_modules', name.replace(/(?<=.)@\d+$/, '')));
  if (packages.every(isThere)) return { folder };
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', folder, ...packages];
  const made = spawnSync('npm', args, { encoding: 'utf8', timeout: installLimitMs });
  if (made.status === 0) return { folder };
  const said = (made.stderr || String(made.error ?? 'npm failed')).trim().split('\n')[0];
  return { reason: `it could not be installed: ${said}` };
}
