/**
 * The public face of safeffi: C functions called in another process, where a segfault is an error to resolve. Whatever is
 * not exported here is internal.
 */
export { Address, CString, type ExactInteger, exact } from './address.ts';
export { Callback, type CallbackFunction, type CallbackOptions } from './callbacks/callback.ts';
export type { CallbackRequest } from './callbacks/callback-request.ts';
export type { Declarations } from './declarations/declaration-scope.ts';
export type { DeclaredBy } from './declarations/declared-by.ts';
export { type DeclarationOptions, parseDeclarations } from './declarations/parse-declarations.ts';
export type { DeclaredArgument, DeclaredFunction } from './declared-function.ts';
export type { DeclaredFunctions, DeclaredRecords } from './declared-library.ts';
export { DeclaredRecord } from './declared-record.ts';
export { CalloutError, type CalloutErrorCode } from './errors.ts';
export { BatchFault } from './executor/batch-fault.ts';
export { CalloutGoesOn, type OwnedBuffer } from './executor/callout-goes-on.ts';
export type { Checkpoint } from './executor/checkpoints.ts';
export { chooseExecutor, type ExecutorChoice } from './executor/choose-executor.ts';
export type {
  AllocateOptions,
  CalloutBatch,
  CalloutOptions,
  Executor,
  ExecutorKind,
  ExecutorMemory,
  ExecutorOptions,
  FreeOptions,
  PendingCallout,
  PendingState,
  PreparedCallout,
} from './executor/executor.ts';
export type { ExecutorLimits } from './executor/limits.ts';
export type { BufferOptions } from './executor/shared-buffers.ts';
export type { Taint } from './executor/taint.ts';
export type {
  CFrame,
  Fault,
  FaultAccess,
  FaultAdvice,
  FaultArgument,
  FaultChoice,
  FaultKind,
  Resolution,
} from './faults/fault.ts';
export { type FaultReportOptions, faultReport, frameText } from './faults/fault-report.ts';
export { FFIFault } from './faults/ffi-fault.ts';
export { open } from './open.ts';
export { type CFunction, Library, type LibraryOptions, openSession, Session, type SessionOptions } from './session.ts';
export {
  type ArrayType,
  alignmentOf,
  arrayOf,
  completeRecord,
  enumOf,
  type Field,
  type FunctionType,
  flatFields,
  functionOf,
  isComplete,
  isRecord,
  type Member,
  opaqueRecord,
  type RecordType,
  structOf,
  unionOf,
} from './types/aggregate-types.ts';
export { parseType } from './types/parse-type.ts';
export type { FieldValue } from './types/record-codec.ts';
export { RecordView } from './types/record-view.ts';
export { type CType, integerRange, pointerTo, type ScalarType } from './types/scalar-types.ts';
export {
  declarationText,
  makeSignature,
  parseSignature,
  type Signature,
  type SignatureText,
} from './types/signature.ts';
export { typeText } from './types/type-text.ts';
export type { ViewFields } from './types/view-class.ts';
export { type ArgumentValue, type ResultValue, Unpassable } from './values.ts';
export { TypedValue, typed } from './variable-arguments.ts';
