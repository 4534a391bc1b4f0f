/**
 * The declaration of a call into C as Squeak and Cuis write it, `<cdecl: long 'abs' (long) module: 'libc.so.6'>`, as the uFFI
 * call that it stands for: the method then begins with `^ self ffiCall: 'int32 abs(int32)' module: 'libc.so.6'`. What C's
 * types are called differs: Squeak's `long` and `ulong` have 32 bits. Statements behind, which run there when the call fails,
 * are never reached: here a failure is an exception.
 * Source: `Parser>>externalFunctionDeclaration` of Cuis.
 */
import type { ExpressionNode, PragmaNode, SourceLiteral, SourceRange } from './ast.ts';

export interface ExternalCallParts {
  /** `cdecl:` or `apicall:`; there is one convention on the systems that we call on. */
  readonly convention: string;
  /** Modifiers such as `threaded`, which mean nothing here, then the result's type. */
  readonly types: readonly string[];
  readonly name: SourceLiteral;
  readonly parameters: readonly string[];
  /** Without one the receiver tells its library. */
  readonly module: string | undefined;
}

const SQUEAK_TYPES: Readonly<Record<string, string>> = { long: 'int32', ulong: 'uint32' };

function uffiType(type: string): string {
  const [name = '', ...stars] = type.split(' ');
  return [SQUEAK_TYPES[name] ?? name, ...stars].join(' ');
}

/** The pragma with its call, or a sentence that says what cannot be done. */
export function externalCallPragma(parts: ExternalCallParts, range: SourceRange): PragmaNode | string {
  const { convention, types, name, parameters, module } = parts;
  if (name.kind !== 'string') return 'a function of C is named by a string; ordinals exist on Windows only';
  const signature = `${uffiType(types.at(-1)!)} ${name.value}(${parameters.map(uffiType).join(', ')})`;
  const text = (value: string): ExpressionNode => ({ kind: 'literal', value: { kind: 'string', value }, ...range });
  const message = {
    selector: module === undefined ? 'ffiCall:' : 'ffiCall:module:',
    arguments: module === undefined ? [text(signature)] : [text(signature), text(module)],
    ...range,
  };
  return {
    selector: convention,
    arguments: [{ kind: 'literal', value: { kind: 'string', value: signature }, ...range }],
    call: {
      kind: 'return',
      value: { kind: 'send', receiver: { kind: 'pseudoVariable', name: 'self', ...range }, message, ...range },
      ...range,
    },
    ...range,
  };
}
