/**
 * The relay: a thread of the VM's process that owns the portable executor's child, so that the VM's own thread can wait
 * for a callout without its event loop. Requests come over the port and go to the child; replies, and the child's end,
 * go back and are counted in shared memory, where the VM's thread waits (Atomics.wait).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type PortableReply, type PortableRequest, repliesWord } from './portable-messages.ts';

const { words, port, environment } = workerData as {
  words: Int32Array;
  port: MessagePort;
  environment: Record<string, string>;
};

function post(reply: PortableReply): void {
  port.postMessage(reply);
  Atomics.add(words, repliesWord, 1);
  Atomics.notify(words, repliesWord);
}

const child: ChildProcess = fork(fileURLToPath(new URL('./portable-child.js', import.meta.url)), [], {
  serialization: 'advanced',
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: environment,
  execArgv: ['--no-warnings'],
});
child.on('spawn', () => post({ is: 'started', pid: child.pid! }));
child.on('error', (error) => post({ is: 'error', reason: error.message }));
child.on('message', (reply) => post(reply as PortableReply));
child.on('exit', (status, signal) => {
  post({ is: 'ended', status, signal });
  port.close();
  parentPort?.close();
});
port.on('message', (request: PortableRequest) => {
  if (child.connected) child.send(request);
});
