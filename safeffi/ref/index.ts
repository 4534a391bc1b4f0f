/**
 * ref-napi's module over the callout engine: types of C, and Buffers with addresses that C may see. The default export is what
 * `require('ref-napi')` gives; importing it extends `Buffer.prototype`, as the original does.
 */
import { extendBuffers } from './buffer-methods.ts';
import { ref } from './ref.ts';

export type { ShimMode } from './foreign-home.ts';
export type { Ref } from './ref.ts';
export type { RefType, TypedBuffer, TypeLike } from './ref-type.ts';

extendBuffers(ref);

export default ref;
