/** `node --expose-gc napi-subject.js safe|direct|original FOLDER` prints the rows of a subject as JSON (napi.ts). */
import type { NapiSubject } from './napi.ts';
import { measureNapi } from './napi-rows.ts';

const [subject, folder] = process.argv.slice(2) as [NapiSubject, string];
process.stdout.write(JSON.stringify(await measureNapi(subject, folder)));
