/** What a host program needs of the virtual machine: the package's `safeffi/vm`. */
export type { Host } from './host.ts';
export { SQUEAK_EPOCH_MICROSECONDS } from './host.ts';
export type { HostCall, Outcome } from './interpreter/host-calls.ts';
export { Interpreter } from './interpreter/interpreter.ts';
export type { FailureName, Primitive, PrimitiveDefinition } from './interpreter/primitive-table.ts';
export { ObjectMemory, type ObjectMemoryOptions, type RootHolder } from './memory/object-memory.ts';
export * from './memory/oop.ts';
export * from './memory/well-known.ts';
export {
  ImageObject,
  type ModuleAnswer,
  ModuleCall,
  type ModulePrimitive,
  PrimitiveRefusal,
  primitiveModule,
} from './primitive-module.ts';
export { type Retained, type RunStatus, VM } from './vm.ts';
export { VMBug } from './vm-bug.ts';
