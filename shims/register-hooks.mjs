/** For register.cjs: what `import 'ffi-napi'` resolves to. Runs in Node's thread for such hooks. */
let replaced = new Map();

/** Pairs of a name and a URL. */
export function initialize(pairs) {
  replaced = new Map(pairs);
}

export async function resolve(specifier, context, next) {
  const url = replaced.get(specifier);
  return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
}
