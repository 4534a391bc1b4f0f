/**
 * What the solver of delta-blue.ts works on: variables, and constraints of one variable (it stays; it is edited) or two (they are
 * equal; one is the other times a scale plus an offset). A constraint is satisfied when it computes a variable, its output, from the
 * others; a variable knows the one that determines it and the weakest strength by which that could be overridden.
 */

import { Strength } from './delta-blue-strength.ts';

/** What a constraint asks of the solver that it is given to. */
export interface ConstraintPlanner {
  add(constraint: Constraint): void;
  remove(constraint: Constraint): void;
  propagate(constraint: Constraint, mark: number): boolean;
}

export class Variable {
  value: number;
  readonly constraints: Constraint[] = [];
  determinedBy: Constraint | undefined = undefined;
  mark = 0;
  walkStrength = Strength.weakest;
  stay = true;
  constructor(value: number) {
    this.value = value;
  }
  add(constraint: Constraint): void {
    this.constraints.push(constraint);
  }
  remove(constraint: Constraint): void {
    const index = this.constraints.indexOf(constraint);
    if (index >= 0) this.constraints.splice(index, 1);
    if (this.determinedBy === constraint) this.determinedBy = undefined;
  }
  isKnown(mark: number): boolean {
    return this.mark === mark || this.stay || this.determinedBy === undefined;
  }
  addConsumersTo(list: Constraint[]): void {
    for (const each of this.constraints) {
      if (each !== this.determinedBy && each.isSatisfied()) list.push(each);
    }
  }
}

export abstract class Constraint {
  readonly strength: Strength;
  constructor(strength: Strength) {
    this.strength = strength;
  }
  abstract isSatisfied(): boolean;
  abstract markUnsatisfied(): void;
  abstract addToGraph(): void;
  abstract removeFromGraph(): void;
  abstract chooseMethod(mark: number): void;
  abstract output(): Variable;
  abstract markInputs(mark: number): void;
  abstract areInputsKnown(mark: number): boolean;
  abstract recalculate(): void;
  abstract execute(): void;
  isInput(): boolean {
    return false;
  }
  addTo(planner: ConstraintPlanner): void {
    this.addToGraph();
    planner.add(this);
  }
  destroy(planner: ConstraintPlanner): void {
    if (this.isSatisfied()) planner.remove(this);
    else this.removeFromGraph();
  }
  /** Enforces me if my strength suffices; the constraint that determined my output until now. */
  satisfy(mark: number, planner: ConstraintPlanner): Constraint | undefined {
    this.chooseMethod(mark);
    if (!this.isSatisfied()) {
      if (this.strength === Strength.required) throw new Error('a required constraint cannot be satisfied');
      return undefined;
    }
    this.markInputs(mark);
    const output = this.output();
    const overridden = output.determinedBy;
    overridden?.markUnsatisfied();
    output.determinedBy = this;
    if (!planner.propagate(this, mark)) throw new Error('the constraints are cyclic');
    output.mark = mark;
    return overridden;
  }
}

abstract class UnaryConstraint extends Constraint {
  private readonly variable: Variable;
  private satisfied = false;
  constructor(variable: Variable, strength: Strength) {
    super(strength);
    this.variable = variable;
  }
  isSatisfied(): boolean {
    return this.satisfied;
  }
  markUnsatisfied(): void {
    this.satisfied = false;
  }
  addToGraph(): void {
    this.variable.add(this);
    this.satisfied = false;
  }
  removeFromGraph(): void {
    this.variable.remove(this);
    this.satisfied = false;
  }
  chooseMethod(mark: number): void {
    this.satisfied = this.variable.mark !== mark && this.strength.isStrongerThan(this.variable.walkStrength);
  }
  output(): Variable {
    return this.variable;
  }
  markInputs(): void {}
  areInputsKnown(): boolean {
    return true;
  }
  recalculate(): void {
    this.variable.walkStrength = this.strength;
    this.variable.stay = !this.isInput();
    if (this.variable.stay) this.execute();
  }
  execute(): void {}
}

export class StayConstraint extends UnaryConstraint {}

export class EditConstraint extends UnaryConstraint {
  override isInput(): boolean {
    return true;
  }
}

/** Two variables of which either may be computed from the other: in which direction, the planner finds out. */
export class EqualConstraint extends Constraint {
  protected readonly first: Variable;
  protected readonly second: Variable;
  private direction: 'none' | 'forward' | 'backward' = 'none';
  constructor(first: Variable, second: Variable, strength: Strength) {
    super(strength);
    this.first = first;
    this.second = second;
  }
  isSatisfied(): boolean {
    return this.direction !== 'none';
  }
  markUnsatisfied(): void {
    this.direction = 'none';
  }
  addToGraph(): void {
    this.first.add(this);
    this.second.add(this);
    this.direction = 'none';
  }
  removeFromGraph(): void {
    this.first.remove(this);
    this.second.remove(this);
    this.direction = 'none';
  }
  chooseMethod(mark: number): void {
    const { first, second } = this;
    if (first.mark === mark) this.chooseForward(second.mark !== mark);
    else if (second.mark === mark) this.chooseBackward();
    else if (second.walkStrength.isStrongerThan(first.walkStrength)) this.chooseBackward();
    else this.chooseForward(true);
  }
  private chooseForward(allowed: boolean): void {
    this.direction = allowed && this.strength.isStrongerThan(this.second.walkStrength) ? 'forward' : 'none';
  }
  private chooseBackward(): void {
    this.direction = this.strength.isStrongerThan(this.first.walkStrength) ? 'backward' : 'none';
  }
  protected isForward(): boolean {
    return this.direction === 'forward';
  }
  input(): Variable {
    return this.isForward() ? this.first : this.second;
  }
  output(): Variable {
    return this.isForward() ? this.second : this.first;
  }
  markInputs(mark: number): void {
    this.input().mark = mark;
  }
  areInputsKnown(mark: number): boolean {
    return this.input().isKnown(mark);
  }
  recalculate(): void {
    const output = this.output();
    output.walkStrength = this.strength.weakestOf(this.input().walkStrength);
    output.stay = this.areInputsStaying();
    if (output.stay) this.execute();
  }
  areInputsStaying(): boolean {
    return this.input().stay;
  }
  execute(): void {
    this.output().value = this.input().value;
  }
}

/** The second variable is the first times a scale plus an offset, which I only read. */
export class ScaleConstraint extends EqualConstraint {
  private readonly scale: Variable;
  private readonly offset: Variable;
  constructor(first: Variable, scale: Variable, offset: Variable, second: Variable, strength: Strength) {
    super(first, second, strength);
    this.scale = scale;
    this.offset = offset;
  }
  override addToGraph(): void {
    super.addToGraph();
    this.scale.add(this);
    this.offset.add(this);
  }
  override removeFromGraph(): void {
    super.removeFromGraph();
    this.scale.remove(this);
    this.offset.remove(this);
  }
  override markInputs(mark: number): void {
    super.markInputs(mark);
    this.scale.mark = mark;
    this.offset.mark = mark;
  }
  override areInputsKnown(mark: number): boolean {
    return super.areInputsKnown(mark) && this.scale.isKnown(mark) && this.offset.isKnown(mark);
  }
  override areInputsStaying(): boolean {
    return super.areInputsStaying() && this.scale.stay && this.offset.stay;
  }
  override execute(): void {
    if (this.isForward()) this.second.value = this.first.value * this.scale.value + this.offset.value;
    else this.first.value = Math.floor((this.second.value - this.offset.value) / this.scale.value);
  }
}
