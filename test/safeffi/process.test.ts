/**
 * The executor as a process beside another: what C prints keeps its order with what the VM prints, and the executor ends
 * with the VM, however the VM ends.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { eventuallyInTurns } from '../eventually.ts';
import { hasEnded } from '../processes.ts';

const library = new URL('../../safeffi/index.js', import.meta.url).href;

function program(ffi: string, body: string): string[] {
  return [
    '--input-type=module',
    '-e',
    `import { writeSync } from 'node:fs';
import { openSession } from '${library}';
const session = openSession({ ffi: '${ffi}' });
const libc = session.library('libc.so.6');
${body}`,
  ];
}

const end = (pid: number) => eventuallyInTurns(() => hasEnded(pid), true);

test.each(['native', 'portable', 'direct'])('%s: what C prints comes in its order', (ffi) => {
  const body = `const printf = libc.function('printf', { returns: 'int', arguments: ['const char *'] });
for (let i = 0; i < 5; i++) { printf('C' + i + ' '); libc.function('fflush', { returns: 'int', arguments: ['void *'] })(null); writeSync(1, 'VM' + i + ' '); }
session.close();`;
  const out = execFileSync(process.execPath, program(ffi, body), { encoding: 'utf8' });
  expect(out).toBe('C0 VM0 C1 VM1 C2 VM2 C3 VM3 C4 VM4 ');
});

test.each(['native', 'portable'])('%s: C needs no fflush', (ffi) => {
  const body = `const printf = libc.function('printf', { returns: 'int', arguments: ['const char *'] });
for (let i = 0; i < 3; i++) { printf('C' + i + ' '); writeSync(1, 'VM' + i + ' '); }`;
  expect(execFileSync(process.execPath, program(ffi, body), { encoding: 'utf8' })).toBe('C0 VM0 C1 VM1 C2 VM2 ');
});

test.each(['native', 'portable'])('%s: a session that is left open does not keep the VM from ending', async (ffi) => {
  const out = execFileSync(process.execPath, program(ffi, 'writeSync(1, String(session.executor.pid));'), {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(await end(Number(out))).toBe(true);
});

test.each(['native', 'portable'])('%s: the executor dies with a VM that is killed, even while C hangs', async (ffi) => {
  const body = `writeSync(1, String(session.executor.pid) + '\\n');
const pause = libc.prepare('pause', { returns: 'int', arguments: [] }).start([]);
pause.wait(60_000);`;
  const vm = spawn(process.execPath, program(ffi, body), { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(vm.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(hasEnded(pid)).toBe(false);
  vm.kill('SIGKILL');
  expect(await end(pid)).toBe(true);
});

test('with standard streams closed in the VM callouts work', () => {
  const body = `process.stdout.write(String(libc.function('abs', { returns: 'int', arguments: ['int'] })(-3)));`;
  const command = `exec "$0" "$@" 0<&- 2>&-`;
  const out = execFileSync('/bin/sh', ['-c', command, process.execPath, ...program('native', body)], {
    encoding: 'utf8',
  });
  expect(out).toBe('3');
});
