/** `import` of a program whose package.json says "ffi-napi": "npm:safeffi-ffi-napi@…". */
export * from 'safeffi/napi';
export { default } from 'safeffi/napi';
