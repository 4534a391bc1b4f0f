/** `node --expose-gc napi-subject.js safe|direct|original FOLDER [OPTIONS]` prints the rows of a subject as JSON; OPTIONS are those of measure.ts. */
import type { MeasureOptions } from './measure.ts';
import type { NapiSubject } from './napi.ts';
import { measureNapi } from './napi-rows.ts';

const [subject, folder, options] = process.argv.slice(2) as [NapiSubject, string, string?];
const rows = await measureNapi(
  subject,
  folder,
  options === undefined ? undefined : (JSON.parse(options) as MeasureOptions),
);
process.stdout.write(JSON.stringify(rows));
