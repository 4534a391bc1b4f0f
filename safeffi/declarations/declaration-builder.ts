/**
 * From syntax to types: resolves names, lays records out, applies declarators to types from the outside in (C17 6.7.6).
 * What a type or a signature refuses gets the place in the text where it was asked for.
 */
import { CalloutError } from '../errors.ts';
import {
  arrayOf,
  completeRecord,
  enumOf,
  functionOf,
  isComplete,
  isRecord,
  type Member,
  opaqueRecord,
  type RecordType,
} from '../types/aggregate-types.ts';
import { type CType, pointerTo, scalarTypes } from '../types/scalar-types.ts';
import { makeSignature } from '../types/signature.ts';
import { typeText } from '../types/type-text.ts';
import { type Constant, constantOf, evaluate } from './constant-expression.ts';
import { DeclarationProblem } from './declaration-error.ts';
import type { DeclarationScope } from './declaration-scope.ts';
import {
  type BaseNode,
  type ConstantNode,
  type DeclarationNode,
  type DeclaratorNode,
  declaredName,
  type ParameterNode,
  type SpecifierNode,
} from './syntax.ts';

/** Canonical order of the words of a scalar's name. */
const wordOrder = ['signed', 'unsigned', 'short', 'long', 'char', 'int', 'float', 'double', '_Bool', 'void'];

export class DeclarationBuilder {
  readonly #scope: DeclarationScope;
  readonly #packed: boolean;

  constructor(scope: DeclarationScope, packed: boolean) {
    this.#scope = scope;
    this.#packed = packed;
  }

  declare(node: DeclarationNode): void {
    const { specifiers, declarators, at } = node;
    const isTypedef = specifiers.words.includes('typedef');
    const base = this.#specified(specifiers, isTypedef ? typedefName(declarators) : undefined);
    const { kind } = specifiers.base;
    if (declarators.length === 0 && (isTypedef || (kind !== 'record' && kind !== 'enum')))
      throw new DeclarationProblem(at, 'this declares nothing: expected a name');
    for (const declarator of declarators) {
      if (declarator.kind === 'bits')
        throw new DeclarationProblem(declarator.at, 'a bit-field stands outside of a struct or union');
      const name = declaredName(declarator)!;
      const type = this.#applied(declarator, base, isConst(specifiers.words), name, false);
      if (isTypedef) this.#scope.addTypedef(declarator.at, name, type);
      else if (type.kind === 'function') this.#scope.addFunction(declarator.at, name, type.signature);
      else if (isComplete(type)) this.#scope.addVariable(declarator.at, name, type, isConstant(specifiers.words, type));
      else throw new DeclarationProblem(declarator.at, `the size of variable ${name}, ${type.name}, is not known`);
    }
  }

  #specified(node: SpecifierNode, typedef?: string): CType {
    const { base, at } = node;
    switch (base.kind) {
      case 'builtin':
        return this.#builtin(at, base.words);
      case 'name': {
        const type = this.#scope.type(base.name);
        if (type === undefined)
          throw new DeclarationProblem(
            at,
            `there is no type named ${base.name}: declare it first, such as typedef struct ${base.name} ${base.name};`,
          );
        return type;
      }
      case 'record':
        return this.#record(at, base, typedef);
      case 'enum':
        return this.#enum(at, base, typedef);
    }
  }

  #builtin(at: number, words: readonly string[]): CType {
    const name = [...words].sort((a, b) => wordOrder.indexOf(a) - wordOrder.indexOf(b)).join(' ');
    const type = scalarTypes.get(name);
    if (type !== undefined) return type;
    const hint =
      name === 'long double' ? 'long double is not covered: no executor passes it' : `${words.join(' ')} is no C type`;
    throw new DeclarationProblem(at, hint);
  }

  #record(at: number, base: BaseNode & { kind: 'record' }, typedef: string | undefined): RecordType {
    const { keyword, tag, members } = base;
    const known = tag === undefined ? undefined : this.#scope.tag(at, keyword, tag);
    const record =
      known !== undefined && isRecord(known)
        ? known
        : opaqueRecord(keyword, tag === undefined ? (typedef ?? keyword) : `${keyword} ${tag}`);
    if (tag !== undefined && known === undefined) this.#scope.addTag(keyword, tag, record);
    if (members === undefined) return record;
    if (isComplete(record)) throw new DeclarationProblem(at, `the fields of ${record.name} are declared above already`);
    const laidOut = members.flatMap((member) => this.#members(member));
    return place(at, () => completeRecord(record, laidOut, this.#packed));
  }

  #members(node: DeclarationNode): Member[] {
    const { specifiers, declarators, at } = node;
    if (specifiers.words.some((word) => word === 'typedef' || word === 'extern'))
      throw new DeclarationProblem(at, 'a field takes no storage class');
    const base = this.#specified(specifiers);
    if (declarators.length === 0) {
      const isAnonymous = specifiers.base.kind === 'record' && specifiers.base.tag === undefined;
      if (isAnonymous) return [{ name: '', type: base }];
      throw new DeclarationProblem(at, `this field of type ${base.name} has no name`);
    }
    return declarators.map((declarator) => {
      if (declarator.kind === 'bits') return this.#bitField(declarator, base);
      const name = declaredName(declarator)!;
      if (declarator.kind === 'array' && declarator.length === undefined) {
        const element = this.#applied(declarator.inner, base, isConst(specifiers.words), name, false);
        return { name, type: element, isFlexible: true };
      }
      const type = this.#applied(declarator, base, isConst(specifiers.words), name, false);
      if (!isComplete(type))
        throw new DeclarationProblem(declarator.at, `the size of field ${name}, ${type.name}, is not known`);
      return { name, type };
    });
  }

  #bitField(node: DeclaratorNode & { kind: 'bits' }, type: CType): Member {
    if (node.inner.kind !== 'name') throw new DeclarationProblem(node.at, 'a bit-field is an integer or bool');
    return { name: node.inner.name ?? '', type, bits: Number(this.#evaluate(node.width).value) };
  }

  #enum(at: number, base: BaseNode & { kind: 'enum' }, typedef: string | undefined): CType {
    const { tag, enumerators } = base;
    const known = tag === undefined ? undefined : this.#scope.tag(at, 'enum', tag);
    if (enumerators === undefined) {
      if (known === undefined) throw new DeclarationProblem(at, `the constants of enum ${tag} are not declared above`);
      return known;
    }
    if (known !== undefined)
      throw new DeclarationProblem(at, `the constants of enum ${tag} are declared above already`);
    let next = 0n;
    const constants = enumerators.map(({ at: place, name, value }) => {
      if (value !== undefined) next = this.#evaluate(value).value;
      const constant = constantOf(next++);
      this.#scope.addConstant(place, name, constant);
      return [name, constant.value] as const;
    });
    const type = place(at, () => enumOf(tag === undefined ? (typedef ?? 'enum') : `enum ${tag}`, constants));
    if (tag !== undefined) this.#scope.addTag('enum', tag, type);
    return type;
  }

  /** The declared name's type: `type` is what stands outside of `node`. */
  #applied(node: DeclaratorNode, type: CType, constant: boolean, name: string, isParameter: boolean): CType {
    switch (node.kind) {
      case 'name':
        return type;
      case 'bits':
        throw new DeclarationProblem(node.at, 'a bit-field stands outside of a struct or union');
      case 'pointer':
        return this.#applied(node.inner, pointerTo(type, constant), isConst(node.words), name, isParameter);
      case 'array': {
        // C17 6.7.6.3: an array parameter is a pointer to its element.
        if (isParameter && node.inner.kind === 'name') return pointerTo(type, constant);
        const length = this.#length(node.at, node.length, name);
        return this.#applied(
          node.inner,
          place(node.at, () => arrayOf(type, length)),
          constant,
          name,
          isParameter,
        );
      }
      case 'function': {
        const parameters = node.parameters.map((parameter) => this.#parameter(parameter));
        const isVoid = parameters.length === 1 && parameters[0]!.kind === 'void' && !node.variadic;
        const types = isVoid ? [] : parameters;
        const names = node.parameters.map((parameter) => declaredName(parameter.declarator) ?? '');
        const signature = place(node.at, () =>
          makeSignature(
            name,
            type,
            types,
            isVoid || names.every((one) => one === '') ? undefined : names,
            node.variadic ? types.length : undefined,
          ),
        );
        return this.#applied(node.inner, functionOf(signature), false, name, isParameter);
      }
    }
  }

  #parameter({ specifiers, declarator, at }: ParameterNode): CType {
    if (specifiers.words.some((word) => word === 'typedef' || word === 'extern'))
      throw new DeclarationProblem(at, 'a parameter takes no storage class');
    const base = this.#specified(specifiers);
    const name = declaredName(declarator) ?? 'the parameter';
    const type = this.#applied(declarator, base, isConst(specifiers.words), name, true);
    if (type.kind === 'function') return pointerTo(type);
    return type.kind === 'array' ? pointerTo(type.element, isConst(specifiers.words)) : type;
  }

  #length(at: number, node: ConstantNode | undefined, name: string): number {
    if (node === undefined) throw new DeclarationProblem(at, `the length of ${name} is not known`);
    return Number(this.#evaluate(node).value);
  }

  #evaluate(node: ConstantNode): Constant {
    return evaluate(node, {
      constant: (name) => this.#scope.constant(name),
      sizeOf: (type) => this.#sizeOf(type),
    });
  }

  #sizeOf({ specifiers, declarator, at }: ParameterNode): number {
    if (declaredName(declarator) !== undefined) throw new DeclarationProblem(at, 'sizeof takes a type, not a name');
    const type = this.#applied(declarator, this.#specified(specifiers), false, 'the type', false);
    if (!isComplete(type)) throw new DeclarationProblem(at, `the size of ${typeText(type)} is not known`);
    return type.sizeBytes;
  }
}

/** A variable that is not to be written; a pointer to const is. */
const isConstant = (words: readonly string[], type: CType) => isConst(words) && type.kind !== 'pointer';

const isConst = (words: readonly string[]) => words.includes('const');

/** The name that `typedef struct { … } name;` gives to what has no tag. */
function typedefName(declarators: readonly DeclaratorNode[]): string | undefined {
  const first = declarators[0];
  return first?.kind === 'name' ? first.name : undefined;
}

/** Runs what may refuse a type, and says where in the text that was. */
function place<T>(at: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof CalloutError) throw new DeclarationProblem(at, error.message);
    throw error;
  }
}
