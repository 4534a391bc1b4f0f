/** The types of ffi-napi, which are those of safeffi/napi. */
export * from 'safeffi/napi';
