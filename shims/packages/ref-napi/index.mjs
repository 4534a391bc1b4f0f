/** `import` of a program whose package.json says "ref-napi": "npm:safeffi-ref-napi@…". */
export * from 'safeffi/ref';
export { default } from 'safeffi/ref';
