/**
 * A type as C writes it: `const char *`, `int[3]`, `int (*)(double)`, and declarators: `int (*compare)(void *)`. C writes a
 * type around the name that it declares (C17 6.7.6), so the text is built from the inside out. A typedef is written as
 * what it stands for.
 */
import type { CType } from './scalar-types.ts';

/** `declared` is the name, or nothing for the type alone. */
export function typeText(type: CType, declared = ''): string {
  switch (type.kind) {
    case 'pointer': {
      const { target } = type;
      if (target === undefined) return beside(type.name, declared);
      const inner = `*${declared}`;
      if (target.kind === 'array' || target.kind === 'function') return typeText(target, `(${inner})`);
      const qualifier = type.readOnly === true && target.kind !== 'pointer' ? 'const ' : '';
      return `${qualifier}${typeText(target, inner)}`;
    }
    case 'array':
      return typeText(type.element, `${declared}[${type.length}]`);
    case 'function': {
      const { returns, arguments: types, argumentNames, variadicFrom } = type.signature;
      const parameters = types.map((parameter, index) => typeText(parameter, argumentNames?.[index]));
      if (variadicFrom !== undefined) parameters.splice(variadicFrom, 0, '...');
      return typeText(returns, `${declared}(${parameters.join(', ') || 'void'})`);
    }
    default:
      return beside(type.name, declared);
  }
}

function beside(name: string, declared: string): string {
  return declared === '' || declared.startsWith('[') ? `${name}${declared}` : `${name} ${declared}`;
}
