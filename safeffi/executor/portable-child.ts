/**
 * The child process of the portable executor: takes requests, runs C through koffi, replies. Run as a program by the
 * relay. It ends when its parent does; a parent that is killed while C hangs here takes it along on Linux (PDEATHSIG).
 */
import { koffi } from './koffi.ts';
import { KoffiFunctions, NotFound, type PlainFunction } from './koffi-functions.ts';
import type { PortableReply, PortableRequest } from './portable-messages.ts';

const functions = new KoffiFunctions();
const prepared = new Map<string, PlainFunction>();
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
    case 'write':
      return plain({ is: 'value', value: functions.write(request.address, request.bytes), args: [], errno: 0 });
    case 'call': {
      const { signature } = request;
      const key = `${request.address ?? `${request.library} ${request.name}`} ${signature.key}`;
      let target = prepared.get(key);
      if (target === undefined) {
        target =
          request.address === undefined
            ? functions.prepare(request.library, request.name, signature)
            : functions.prepareAddress(request.address, signature);
        prepared.set(key, target);
      }
      const value = target.call(request.args);
      return plain({ is: 'value', value, args: request.args, errno: functions.errno() });
    }
  }
}

function answer(request: PortableRequest): PortableReply {
  try {
    return run(request);
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
process.on('disconnect', () => process.exit(0));
process.on('message', (request: PortableRequest) => {
  process.send!(answer(request));
});
