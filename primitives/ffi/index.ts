/** The primitives of module `SafeFFI`, bound to one bridge. Their Smalltalk side is image/kernel/SafeFFI. */
import type { Interpreter } from '../../vm/interpreter/interpreter.ts';
import type { PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import {
  answerCallback,
  callbackAddress,
  callbackRequest,
  createCallback,
  releaseCallback,
} from './callback-primitives.ts';
import { allocate, free, readMemory, readString, writeMemory } from './executor-memory.ts';
import {
  endCheckpoint,
  errno,
  exchangeDeadline,
  executorState,
  hasLibrary,
  makeCheckpoint,
  taint,
} from './executor-state.ts';
import {
  callAgain,
  chooseResolution,
  proceed,
  resolutions,
  restart,
  restartOfFault,
  rollback,
  settle,
} from './fault-resolutions.ts';
import { FfiBridge, type FfiHost } from './ffi-bridge.ts';
import { answerForeignRequest, nextForeignRequest, openForeignRequest } from './foreign-requests.ts';
import { abandonCallout, calloutResult, calloutState } from './running-primitives.ts';
import { forgetTypes, typeLayout } from './type-layout.ts';
import { floatAt, floatAtPut, integerAt, integerAtPut } from './typed-memory.ts';

export { LinkError } from './errors.ts';
export type { FfiHost, LibraryDescription } from './ffi-bridge.ts';
export { FfiBridge } from './ffi-bridge.ts';
export type { NameResolver, ValueLocation } from './value-location.ts';

const MODULE = 'SafeFFI';
/** Squeak's plugin, by whose name images of others ask for the same. */
const SQUEAK_MODULE = 'SqueakFFIPrims';

export function ffiPrimitives(bridge: FfiBridge): PrimitiveDefinition[] {
  type Run = (bridge: FfiBridge, argumentCount: number) => boolean;
  const define = (name: string, run: Run, module = MODULE): PrimitiveDefinition => ({
    module,
    name,
    run: (_interpreter: Interpreter, argumentCount: number) => run(bridge, argumentCount),
  });
  const typedMemory: readonly [string, Run][] = [
    ['primitiveFFIIntegerAt', integerAt],
    ['primitiveFFIIntegerAtPut', integerAtPut],
    ['primitiveFFIFloatAt', floatAt(4)],
    ['primitiveFFIFloatAtPut', floatAtPut(4)],
    ['primitiveFFIDoubleAt', floatAt(8)],
    ['primitiveFFIDoubleAtPut', floatAtPut(8)],
  ];
  return [
    define('primitiveCallout', (_bridge, argumentCount) => bridge.callout(argumentCount)),
    define('primitiveCalloutWithOptions', (_bridge, argumentCount) => bridge.callout(argumentCount, true)),
    define('primitiveCallAgain', callAgain),
    define('primitiveSettleFault', settle),
    define('primitiveRestartExecutor', restart),
    define('primitiveRestartOfFault', restartOfFault),
    define('primitiveRollback', rollback),
    define('primitiveProceed', proceed),
    define('primitiveResolutions', resolutions),
    define('primitiveMakeCheckpoint', makeCheckpoint),
    define('primitiveEndCheckpoint', endCheckpoint),
    define('primitiveTaint', taint),
    define('primitiveHasLibrary', hasLibrary),
    define('primitiveChooseResolution', chooseResolution),
    define('primitiveCalloutState', calloutState),
    define('primitiveCalloutResult', calloutResult),
    define('primitiveAbandonCallout', abandonCallout),
    define('primitiveNextForeignRequest', nextForeignRequest),
    define('primitiveOpenForeignRequest', openForeignRequest),
    define('primitiveAnswerForeignRequest', answerForeignRequest),
    define('primitiveCreateCallback', createCallback),
    define('primitiveCallbackAddress', callbackAddress),
    define('primitiveReleaseCallback', releaseCallback),
    define('primitiveCallbackRequest', callbackRequest),
    define('primitiveAnswerCallback', answerCallback),
    define('primitiveExecutorState', executorState),
    define('primitiveErrno', errno),
    define('primitiveExchangeDeadline', exchangeDeadline),
    define('primitiveReadMemory', readMemory),
    define('primitiveWriteMemory', writeMemory),
    define('primitiveReadString', readString),
    define('primitiveAllocate', allocate),
    define('primitiveFree', free),
    define('primitiveTypeLayout', typeLayout),
    define('primitiveForgetTypes', forgetTypes),
    ...typedMemory.flatMap(([name, run]) => [define(name, run), define(name, run, SQUEAK_MODULE)]),
  ];
}

/** A bridge for the VM of `interpreter`, its primitives entered in the VM's table. */
export function installFfi(interpreter: Interpreter, host: FfiHost): FfiBridge {
  const bridge = new FfiBridge(interpreter, host);
  interpreter.primitives.add(ffiPrimitives(bridge));
  return bridge;
}
