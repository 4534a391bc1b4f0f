/**
 * The child process of the portable executor: takes requests, runs C through koffi, replies. Run as a program: with the
 * argument `pipes` it reads descriptor 3 and writes descriptor 4, one message after the other and no event loop; else it is
 * the relay's, over Node's own channel. It ends when its parent does; a parent that is killed while C hangs here takes it
 * along on Linux (PDEATHSIG).
 */
import { readSync, writeSync } from 'node:fs';
import { koffi } from './koffi.ts';
import { KoffiFunctions, NotFound, type PlainFunction, type PlainValue } from './koffi-functions.ts';
import type { PlainSignature } from './koffi-types.ts';
import { type Definition, MessageReader, MessageWriter } from './portable-codec.ts';
import type { PortableReply, PortableRequest } from './portable-messages.ts';

const functions = new KoffiFunctions();
const prepared = new Map<string, PlainFunction>();
const defined = new Map<number, PlainFunction>();
const plain = (value: PortableReply & { is: 'value' }) => value;

function run(request: PortableRequest): PortableReply {
  switch (request.do) {
    case 'load':
      functions.load(request.library);
      return plain({ is: 'value', value: undefined, args: [], errno: 0 });
    case 'symbol':
      return plain({ is: 'value', value: functions.symbol(request.library, request.name), args: [], errno: 0 });
    case 'read': {
      const bytes = new Uint8Array(request.sizeBytes);
      const done = functions.read(request.address, bytes);
      return plain({ is: 'value', value: done, args: [bytes], errno: 0 });
    }
    case 'register':
      return plain({ is: 'value', value: register(request.id, request.signature), args: [], errno: 0 });
    case 'write':
      return plain({ is: 'value', value: functions.write(request.address, request.bytes), args: [], errno: 0 });
    case 'call': {
      const { signature, args } = request;
      const key = `${request.address ?? `${request.library} ${request.name}`} ${signature.key}`;
      let target = prepared.get(key);
      if (target === undefined) {
        target = functionFor(request);
        prepared.set(key, target);
      }
      return called(target, args);
    }
  }
}

/** Answers a callback of C; undefined where nothing here can wait for one. */
let ask: ((id: number, args: readonly PlainValue[]) => PlainValue) | undefined;

function register(id: number, signature: PlainSignature): bigint {
  const answer = ask;
  if (answer === undefined) throw new Error('callbacks need pipes, which this system has not');
  return functions.register(signature, (args) => answer(id, args));
}

function functionFor({ address, library, name, signature }: Definition['target']): PlainFunction {
  return address === undefined
    ? functions.prepare(library, name, signature)
    : functions.prepareAddress(address, signature);
}

/**
 * The arguments of the call before: its result may point into one of them (strchr), and is read by a request of its own. Kept until
 * the next call, so that they are no garbage by then.
 */
let lastArguments: readonly PlainValue[] = [];

function called(target: PlainFunction, args: readonly PlainValue[]): PortableReply {
  const value = target.call(args);
  lastArguments = args;
  return { is: 'value', value, args: lastArguments, errno: functions.errno() };
}

function answer(request: PortableRequest): PortableReply {
  return guarded(() => run(request));
}

function guarded(run: () => PortableReply): PortableReply {
  try {
    return run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { is: error instanceof NotFound ? 'not found' : 'error', reason };
  }
}

if (process.platform === 'linux') {
  const setDeathSignal = koffi().load(null).func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)');
  setDeathSignal(1, 9, 0, 0, 0);
}
process.on('SIGINT', () => undefined); // the parent's to act on

/**
 * Definitions have no reply; a call of one that failed is answered with the reason. While C waits in a callback, requests are
 * served here as well, until its answer comes; the answer of another one that is still to come is kept.
 */
function servePipes(): never {
  const requests = new MessageReader();
  const replies = new MessageWriter();
  const failed = new Map<number, unknown>();
  const answers = new Map<number, PlainValue>();
  const flush = koffi().load(null).func('int fflush(void *stream)');
  let number = 1;
  let serial = 0;
  const send = (reply: PortableReply, to: number) => {
    const bytes = replies.reply(reply, to);
    for (let sent = 0; sent < bytes.length; ) sent += writeSync(4, bytes, sent);
  };
  const serveNext = (): void => {
    const request = requests.nextRequest();
    if (request === undefined) {
      const got = readSync(3, requests.space);
      if (got === 0) process.exit(0);
      requests.took(got);
      return;
    }
    switch (request.do) {
      case 'define':
        try {
          defined.set(request.id, functionFor(request.target));
        } catch (error) {
          failed.set(request.id, error);
        }
        return;
      case 'answer':
        answers.set(request.serial, request.value);
        return;
    }
    const own = ++number;
    if (request.do !== 'numbered') {
      send(answer(request), own);
      return;
    }
    const reply = guarded(() => {
      const target = defined.get(request.id);
      if (target === undefined) throw failed.get(request.id);
      const value = called(target, request.args);
      flush(null); // what C printed is out before the caller goes on
      return value;
    });
    send(reply, own);
  };
  ask = (id, args) => {
    const mine = ++serial;
    flush(null);
    send({ is: 'callback', id, serial: mine, args }, 0);
    while (!answers.has(mine)) serveNext();
    const value = answers.get(mine);
    answers.delete(mine);
    return value;
  };
  send({ is: 'started', pid: process.pid }, number);
  for (;;) serveNext();
}

if (process.argv[2] === 'pipes') {
  servePipes();
} else {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (request: PortableRequest) => {
    process.send!(answer(request));
  });
}
