/** The types of ref-napi, which are those of safeffi/ref. */
export * from 'safeffi/ref';
