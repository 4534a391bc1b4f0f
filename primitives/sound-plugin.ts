/**
 * SoundPlugin on a machine without a sound device: there is nothing to be played or recorded, so these fail and are not here; but to stop what
 * does not run is no failure, and images stop all sounds whenever they begin something new.
 */
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';

const MODULE = 'SoundPlugin';

const nothingToStop: Primitive = (vm, argumentCount) => vm.answer(argumentCount, vm.stackValue(argumentCount));

export const soundPrimitives: readonly PrimitiveDefinition[] = [
  { module: MODULE, name: 'primitiveSoundStop', selectors: 'primSoundStop', takes: 0, fails: [], run: nothingToStop },
  {
    module: MODULE,
    name: 'primitiveSoundStopRecording',
    selectors: 'primStopRecording',
    takes: 0,
    fails: [],
    run: nothingToStop,
  },
];
