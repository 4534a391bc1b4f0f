/**
 * A program whose executor runs C code that goes for it: `victim.js LIBRARY all|tracing|filter FOLDER`, LIBRARY made from attacks.c. Prints a
 * line of JSON after each attack, so that the last line before a death names the one before it. The test reads them
 * (other-processes.test.ts); the attacks use SIGKILL and are meant.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { type CFunction, FFIFault, openSession, type Session } from '../../../safeffi/index.ts';
import { noEntrance, type Told } from './told.ts';

const sigkill = 9;

function run(libraryPath: string, confine: true | 'tracing' | 'filter'): void {
  const session = openSession({ ffi: 'native', confine });
  const library = session.library(libraryPath);
  const other = openSession({ ffi: 'native', confine });
  const sibling = other.library(libraryPath);
  const fn = (name: string, ...types: string[]): CFunction =>
    library.function(name, { returns: 'int', arguments: types });
  const alive = (of: Session, from: typeof library) => {
    if (from.function('answer', { returns: 'int', arguments: [] })() !== 42) throw new Error('no answer');
    return of.executor.pid!;
  };
  const pids = [alive(session, library), alive(other, sibling)];

  /** Runs an attack; then the next callout must work, on the same process. */
  const tell = (attack: string, answer: unknown): void => {
    process.stdout.write(`${JSON.stringify({ attack, answer: Number(answer) } satisfies Told)}\n`);
    if (alive(session, library) !== pids[0]) throw new Error(`${attack} ended the executor`);
    if (confine === true && alive(other, sibling) !== pids[1]) throw new Error(`${attack} ended the sibling`);
  };

  const vm = process.pid;
  const threads = readdirSync('/proc/self/task').map(Number);
  const thread = threads.find((each) => each !== vm)!;
  const group = fn('group_of', 'int')(vm) as number;
  const [send, sendRaw] = [fn('send', 'int', 'int'), fn('send_raw', 'int', 'int')];
  tell('kill', send(vm, sigkill));
  tell('kill, the kernel asked', sendRaw(vm, sigkill));
  tell('kill of a thread', sendRaw(thread, sigkill));
  tell('kill of the group', sendRaw(-group, sigkill));
  tell('tgkill', fn('send_thread', 'int', 'int', 'int')(vm, thread, sigkill));
  tell('tkill', fn('send_any_thread', 'int', 'int')(thread, sigkill));
  tell('rt_sigqueueinfo', fn('send_queued', 'int', 'int')(vm, sigkill));
  tell('rt_tgsigqueueinfo', fn('send_thread_queued', 'int', 'int', 'int')(vm, thread, sigkill));
  tell('pidfd_send_signal', fn('send_by_descriptor', 'int', 'int')(vm, sigkill));
  tell('pidfd_send_signal to a folder of /proc', fn('send_by_folder', 'int', 'int')(vm, sigkill));
  tell('fork and kill', fn('send_from_a_fork', 'int', 'int')(vm, sigkill));
  tell('a program and kill', fn('send_from_a_program', 'int', 'int')(vm, sigkill));
  if (process.arch === 'x64') {
    try {
      tell('kill of 32-bit programs', fn('send_as_32_bit', 'int', 'int')(vm, sigkill));
    } catch (error) {
      if (!(error instanceof FFIFault)) throw error;
      error.answer(0);
      tell('kill of 32-bit programs', noEntrance);
    }
    tell('kill of x32 programs', fn('send_as_x32', 'int', 'int')(vm, sigkill));
  }
  tell('F_SETOWN', fn('send_by_owner', 'int', 'int')(vm, sigkill));
  tell('F_SETOWN_EX', fn('send_by_owner_in_memory', 'int', 'int')(vm, sigkill));
  tell('prlimit', fn('limit_of', 'int', 'int', 'uint64_t')(vm, 0, 0));
  tell('ptrace', fn('seize', 'int')(vm));
  tell('kill of a sibling', sendRaw(pids[1]!, confine === true ? sigkill : 0));
  const [start] = readFileSync('/proc/self/maps', 'latin1').split('-');
  const address = BigInt(`0x${start}`);
  tell('process_vm_writev', fn('write_memory', 'int', 'uint64_t')(vm, address));
  tell('process_vm_readv', fn('read_memory', 'int', 'uint64_t')(vm, address));
  const open = fn('open_of', 'int', 'const char *', 'int');
  for (const name of ['mem', 'fd/1']) tell(`open ${name}`, open(vm, name, 1));
  for (const name of ['environ', 'maps']) tell(`read ${name}`, open(vm, name, 0));
  const shared = session.buffer(100_000);
  tell('ftruncate by /proc of this process', fn('truncate_of', 'int', 'const char *')(vm, 'safeffi'));
  tell('ftruncate of what is mapped', fn('truncate_mapped')());
  shared.fill(7);
  session.buffer(10_000_000).fill(7);
  tell('madvise MADV_HWPOISON', fn('poison', 'void *')(shared));

  tell('its own child ended', fn('end_own_child')());
  tell('its own child traced', fn('trace_own_child')());
  tell('its own signal', fn('raise_own', 'int')(10));
  const folder = process.argv[4]!;
  tell('a file renamed into another folder', fn('rename_across', 'const char *')(folder));

  const checkpoint = session.checkpoint();
  checkpoint.rollback();
  pids[0] = session.executor.pid!;
  tell('after a rollback: kill', sendRaw(vm, sigkill));
  tell('after a rollback: its own signal', fn('raise_own', 'int')(10));
  session.close();
  other.close();
}

const mode = process.argv[3]!;
run(process.argv[2]!, mode === 'all' ? true : (mode as 'tracing' | 'filter'));
