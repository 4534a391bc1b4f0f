/**
 * `parseDeclarations('typedef struct { int x, y; } point; int norm(point p);')`: C declarations as headers have them,
 * as types and signatures. All or nothing: the first thing that is wrong or not covered is an error that says where.
 */
import { inputError } from '../check-input.ts';
import { badOptionError, optionsError } from '../errors.ts';
import { DeclarationBuilder } from './declaration-builder.ts';
import { DeclarationProblem, declarationError } from './declaration-error.ts';
import { DeclarationScope, type Declarations } from './declaration-scope.ts';
import { parseText } from './parse-text.ts';

export interface DeclarationOptions {
  /** Lay all structs and unions of the text out without padding, as `#pragma pack(1)` does. Default: no. */
  readonly packed?: boolean;
}

/** Throws CalloutError `bad-declaration`. */
export function parseDeclarations(text: string, options: DeclarationOptions = {}): Declarations {
  if (typeof text !== 'string') throw inputError('the declaration', text, 'C declarations as a String');
  if (typeof options !== 'object' || options === null) throw optionsError(options, '{ packed }');
  if (options.packed !== undefined && typeof options.packed !== 'boolean')
    throw badOptionError('packed', options.packed, 'true or false');
  const scope = new DeclarationScope();
  const builder = new DeclarationBuilder(scope, options.packed ?? false);
  try {
    for (const node of parseText(text)) builder.declare(node);
  } catch (error) {
    if (error instanceof DeclarationProblem) throw declarationError(text, error.at, error.message);
    throw error;
  }
  return scope.result;
}
