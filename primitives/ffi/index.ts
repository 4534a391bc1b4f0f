/** The primitives of module `SafeFFI`, bound to one bridge. Their Smalltalk side is image/kernel/SafeFFI. */
import type { Interpreter } from '../../vm/interpreter/interpreter.ts';
import type { PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import { allocate, free, readMemory, readString, writeMemory } from './executor-memory.ts';
import { errno, exchangeDeadline, executorState } from './executor-state.ts';
import { callAgain, chooseResolution, restart, settle } from './fault-resolutions.ts';
import { FfiBridge, type FfiHost } from './ffi-bridge.ts';

export type { FfiHost } from './ffi-bridge.ts';
export { FfiBridge } from './ffi-bridge.ts';
export type { NameResolver, ValueLocation } from './value-location.ts';

const MODULE = 'SafeFFI';

export function ffiPrimitives(bridge: FfiBridge): PrimitiveDefinition[] {
  const define = (name: string, run: (bridge: FfiBridge, argumentCount: number) => boolean): PrimitiveDefinition => ({
    module: MODULE,
    name,
    run: (_interpreter: Interpreter, argumentCount: number) => run(bridge, argumentCount),
  });
  return [
    define('primitiveCallout', (_bridge, argumentCount) => bridge.callout(argumentCount)),
    define('primitiveCallAgain', callAgain),
    define('primitiveSettleFault', settle),
    define('primitiveRestartExecutor', restart),
    define('primitiveChooseResolution', chooseResolution),
    define('primitiveExecutorState', executorState),
    define('primitiveErrno', errno),
    define('primitiveExchangeDeadline', exchangeDeadline),
    define('primitiveReadMemory', readMemory),
    define('primitiveWriteMemory', writeMemory),
    define('primitiveReadString', readString),
    define('primitiveAllocate', allocate),
    define('primitiveFree', free),
  ];
}

/** A bridge for the VM of `interpreter`, its primitives entered in the VM's table. */
export function installFfi(interpreter: Interpreter, host: FfiHost): FfiBridge {
  const bridge = new FfiBridge(interpreter, host);
  interpreter.primitives.add(ffiPrimitives(bridge));
  return bridge;
}
