/** `safeffi bench`: measurements with their conditions. */
import { CommandError } from '../exit-code.ts';
export async function bench(what: string, _options: { json?: true }): Promise<number> {
  throw new CommandError(what);
}
