/**
 * The executors that the ABI is tested on: the three of this machine, and the native one for AArch64 in an emulator, where
 * the tools for it are installed.
 */
import { chooseExecutor, type Executor } from '../../safeffi/index.ts';
import { aarch64, missing, openAarch64 } from './aarch64.ts';
import { compileBulk } from './fixture.ts';

export interface AbiExecutor {
  readonly name: string;
  open(): Executor;
  /** The path of a library made from C text, in `folder` or among the other fixtures. */
  compile(name: string, text: string, folder?: string): string;
}

const ofThisMachine = (['native', 'portable', 'direct'] as const).map(
  (name): AbiExecutor => ({
    name,
    open: () => chooseExecutor(name, {}),
    compile: (file, text, folder) => compileBulk(file, text, undefined, folder),
  }),
);

const emulated: AbiExecutor = {
  name: 'native for AArch64',
  open: openAarch64,
  compile: (file, text, folder) => compileBulk(file, text, aarch64, folder),
};

export const aarch64Missing = missing();
if (aarch64Missing !== undefined) process.stderr.write(`tests: ${aarch64Missing}\n`);

export const abiExecutors: readonly AbiExecutor[] =
  aarch64Missing === undefined ? [...ofThisMachine, emulated] : ofThisMachine;
