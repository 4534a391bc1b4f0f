/**
 * `node bench/one-core.js`, to be run on one core: a callout where neither side spins, as JSON. See callout.ts.
 */
import { fileURLToPath } from 'node:url';
import { openSession } from '../safeffi/index.ts';
import { measure } from './measure.ts';

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const session = openSession({ ffi: 'native' });
  const abs = session.library('libc.so.6').prepare('abs', { returns: 'int', arguments: ['int'] }).invoke;
  const measured = measure((count) => abs(-count), { batches: 201, batch: 100, singles: 2000 });
  session.close();
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}
