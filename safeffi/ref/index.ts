/**
 * ref-napi's module over the callout engine: types of C, and Buffers with addresses that C may see. The default export is what
 * `require('ref-napi')` gives; importing it extends `Buffer.prototype`, as the original does.
 */
const names = [
  ...['sizeof', 'alignof', 'NULL', 'NULL_POINTER', 'types', 'endianness', 'address', 'hexAddress', 'isNull'],
  ...[
    'readObject',
    '_writeObject',
    'writeObject',
    'readPointer',
    '_writePointer',
    'writePointer',
    'readInt64',
    'writeInt64',
  ],
  ...['readUInt64', 'writeUInt64', 'readCString', '_reinterpret', '_reinterpretUntilZeros', 'refType', 'derefType'],
  ...['coerceType', 'getType', 'get', 'set', 'alloc', 'allocCString', 'writeCString', 'readInt64LE', 'readUInt64LE'],
  ...['writeInt64LE', 'writeUInt64LE', 'readInt64BE', 'readUInt64BE', 'writeInt64BE', 'writeUInt64BE', 'ref', 'deref'],
  ...['_attach', 'reinterpret', 'reinterpretUntilZeros'],
];

const ref: Record<string, unknown> = {};
for (const name of names) {
  ref[name] = () => {
    throw new Error(`ref.${name} is not there yet`);
  };
}

export default ref;
