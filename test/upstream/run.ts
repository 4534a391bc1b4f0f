/**
 * One suite by hand: `node dist/test/upstream/run.js ffi-napi safe` (or `direct`, or `original`, which proves the harness with the native modules).
 * Prints the counts and each case that failed.
 */
import { installUpstream, runSuite, type Subject, type Suite } from './suites.ts';

const [suite = 'ffi-napi', subject = 'safe'] = process.argv.slice(2) as [Suite?, Subject?];
const reason = installUpstream();
if (reason !== undefined) throw new Error(reason);
const { total, passed, pending, failed, broken } = runSuite(suite, subject);
for (const [title, error] of failed)
  process.stdout.write(`${title}\n  ${error.split('\n').slice(0, 4).join('\n  ')}\n`);
process.stdout.write(
  `${suite}, ${subject}: ${total} cases, ${passed} passed, ${pending} pending, ${failed.size} failed\n`,
);
if (broken !== undefined) process.stdout.write(`${broken}\n`);
process.exitCode = broken === undefined && failed.size === 0 ? 0 : 1;
