/** The primitives of module `SafeFFI`, bound to one bridge. Their Smalltalk side is image/kernel/SafeFFI. */
import type { Interpreter } from '../../vm/interpreter/interpreter.ts';
import type { PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import { FfiBridge, type FfiHost } from './ffi-bridge.ts';

export type { FfiHost } from './ffi-bridge.ts';
export { FfiBridge } from './ffi-bridge.ts';
export type { NameResolver, ValueLocation } from './value-location.ts';

const MODULE = 'SafeFFI';

export function ffiPrimitives(bridge: FfiBridge): PrimitiveDefinition[] {
  const define = (name: string, run: (argumentCount: number) => boolean): PrimitiveDefinition => ({
    module: MODULE,
    name,
    run: (_interpreter: Interpreter, argumentCount: number) => run(argumentCount),
  });
  return [
    define('primitiveCallout', (count) => bridge.callout(count)),
    define('primitiveCallAgain', (count) => bridge.callAgain(count)),
    define('primitiveSettleFault', (count) => bridge.settle(count)),
    define('primitiveRestartExecutor', (count) => bridge.restart(count)),
    define('primitiveChooseResolution', (count) => bridge.chooseResolution(count)),
    define('primitiveExecutorState', (count) => bridge.executorState(count)),
    define('primitiveExchangeDeadline', (count) => bridge.exchangeDeadline(count)),
    define('primitiveReadMemory', (count) => bridge.readMemory(count)),
    define('primitiveWriteMemory', (count) => bridge.writeMemory(count)),
    define('primitiveReadString', (count) => bridge.readString(count)),
    define('primitiveAllocate', (count) => bridge.allocate(count)),
    define('primitiveFree', (count) => bridge.free(count)),
  ];
}

/** A bridge for the VM of `interpreter`, its primitives entered in the VM's table. */
export function installFfi(interpreter: Interpreter, host: FfiHost): FfiBridge {
  const bridge = new FfiBridge(interpreter, host);
  interpreter.primitives.add(ffiPrimitives(bridge));
  return bridge;
}
