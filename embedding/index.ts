/** Smalltalk inside a JavaScript program, of Node or of a browser: the package's `safeffi/smalltalk`. */

export { CompileError } from '../image/compiler/compile-error.ts';
export {
  ImageObject,
  type ModuleAnswer,
  type ModuleCall,
  type ModulePrimitive,
  PrimitiveRefusal,
  primitiveModule,
} from '../vm/primitive-module.ts';
export { SmalltalkError } from './errors.ts';
export { Smalltalk, type SmalltalkOptions } from './smalltalk.ts';
export { SmalltalkObject } from './smalltalk-object.ts';
export type { TextSink } from './web-host.ts';
