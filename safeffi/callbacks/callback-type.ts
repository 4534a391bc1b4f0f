/**
 * What a callback is declared as: `int (*)(const void *, const void *)`, `int compare(const void *a, const void *b)`, the name
 * of a function type among declarations, or types as texts.
 */
import { parseDeclarations } from '../declarations/parse-declarations.ts';
import { badTypeError, describeValue } from '../errors.ts';
import { parseSignature, type Signature, type SignatureText } from '../types/signature.ts';

export interface CallbackType {
  /** Where the text names it. */
  readonly name: string | undefined;
  readonly signature: Signature;
}

const nameless = /\(\s*\*\s*\)/;

/** Throws CalloutError `bad-type`, `bad-declaration`, `bad-signature`. */
export function parseCallbackType(type: string | SignatureText | Signature): CallbackType {
  if (typeof type !== 'string') return { name: undefined, signature: signatureOf(type) };
  const text = type.trim().replace(/;$/, '');
  if (nameless.test(text)) {
    const { typedefs } = parseDeclarations(`typedef ${text.replace(nameless, '(*callback)')};`);
    const target = typedefs.get('callback')?.target;
    if (target?.kind === 'function') return { name: undefined, signature: target.signature };
  } else {
    const [first] = parseDeclarations(`${text};`).functions;
    if (first !== undefined) return { name: first[0], signature: first[1] };
  }
  throw badTypeError(type, 'it is no function; expected such as int (*)(const void *, const void *)');
}

function signatureOf(type: SignatureText | Signature): Signature {
  if (typeof type !== 'object' || type === null)
    throw badTypeError(describeValue(type), 'expected a C function type as text, or { returns, arguments }');
  return 'key' in type ? type : parseSignature('callback', type);
}
