/**
 * ffi-napi's module over the callout engine. The default export is what `require('ffi-napi')` gives; a crash in C is an
 * FFIFault that is thrown at the call.
 */
import ref from '../ref/index.ts';

const names = ['CIF', 'CIF_var', 'Function', 'ForeignFunction', 'VariadicForeignFunction', 'DynamicLibrary', 'Library'];

const ffi: Record<string, unknown> = { types: ref.types, version: '3.3', LIB_EXT: '.so' };
for (const name of [...names, 'Callback', 'errno', 'ffiType', 'FFI_TYPE']) {
  ffi[name] = () => {
    throw new Error(`ffi.${name} is not there yet`);
  };
}

export default ffi;
