/**
 * `import` of safeffi/napi on versions of Node that cannot require ES modules: the bundle that `require` gets there, so that a program
 * which does both has one pair of shims.
 */
import loaded from './load.cjs';

const shim = loaded.loadFfi();

const {
  Function: ForeignFunctionType,
  FFI_TYPES,
  FFI_OK,
  FFI_BAD_TYPEDEF,
  FFI_BAD_ABI,
  FFI_DEFAULT_ABI,
  FFI_FIRST_ABI,
  FFI_LAST_ABI,
  FFI_UNIX64,
  RTLD_LAZY,
  RTLD_NOW,
  RTLD_LOCAL,
  RTLD_GLOBAL,
  RTLD_NOLOAD,
  RTLD_NODELETE,
  types,
  version,
  CIF,
  CIF_var,
  ForeignFunction,
  VariadicForeignFunction,
  DynamicLibrary,
  Library,
  Callback,
  errno,
  ffiType,
  LIB_EXT,
  FFI_TYPE,
  use,
} = shim;

export {
  Callback,
  CIF,
  CIF_var,
  DynamicLibrary,
  errno,
  FFI_BAD_ABI,
  FFI_BAD_TYPEDEF,
  FFI_DEFAULT_ABI,
  FFI_FIRST_ABI,
  FFI_LAST_ABI,
  FFI_OK,
  FFI_TYPE,
  FFI_TYPES,
  FFI_UNIX64,
  ForeignFunction,
  ForeignFunctionType as Function,
  ffiType,
  LIB_EXT,
  Library,
  RTLD_GLOBAL,
  RTLD_LAZY,
  RTLD_LOCAL,
  RTLD_NODELETE,
  RTLD_NOLOAD,
  RTLD_NOW,
  types,
  use,
  VariadicForeignFunction,
  version,
};
export default shim;
