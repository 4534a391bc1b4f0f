/**
 * DeltaBlue: an incremental solver of one-way constraints of different strengths, on a chain of equalities and on pairs of variables
 * that a scale and an offset relate. By John Maloney and Alan Borning (Smalltalk, 1989), after Freeman-Benson, Maloney and Borning,
 * "An Incremental Constraint Solver" (Communications of the ACM, 1990). Each run sums what the variables hold and how long the plans are.
 */
import {
  type Constraint,
  type ConstraintPlanner,
  EditConstraint,
  EqualConstraint,
  ScaleConstraint,
  StayConstraint,
  Variable,
} from './delta-blue-constraints.ts';
import { Strength } from './delta-blue-strength.ts';

const LENGTH = 250;

class Planner implements ConstraintPlanner {
  private mark = 0;
  add(constraint: Constraint): void {
    this.mark++;
    let next: Constraint | undefined = constraint;
    while (next !== undefined) next = next.satisfy(this.mark, this);
  }
  remove(constraint: Constraint): void {
    const output = constraint.output();
    constraint.markUnsatisfied();
    constraint.removeFromGraph();
    const unsatisfied = this.retract(output);
    for (let strength = Strength.required; strength !== Strength.weakest; strength = strength.nextWeaker()) {
      for (const each of unsatisfied) {
        if (each.strength === strength) this.add(each);
      }
    }
  }
  /** The constraints that compute what depends on these, each after those that compute its inputs. */
  plan(constraints: readonly Constraint[]): Constraint[] {
    const todo = constraints.filter((each) => each.isInput() && each.isSatisfied());
    const plan: Constraint[] = [];
    this.mark++;
    while (todo.length > 0) {
      const next = todo.pop()!;
      const output = next.output();
      if (output.mark !== this.mark && next.areInputsKnown(this.mark)) {
        plan.push(next);
        output.mark = this.mark;
        output.addConsumersTo(todo);
      }
    }
    return plan;
  }
  /** Recomputes strengths downstream of a constraint; false, and the constraint removed, if that leads to itself. */
  propagate(constraint: Constraint, mark: number): boolean {
    const todo = [constraint];
    while (todo.length > 0) {
      const next = todo.pop()!;
      if (next.output().mark === mark) {
        this.remove(constraint);
        return false;
      }
      next.recalculate();
      next.output().addConsumersTo(todo);
    }
    return true;
  }
  /** What could be satisfied now that nothing determines a variable any more. */
  private retract(output: Variable): Constraint[] {
    output.determinedBy = undefined;
    output.walkStrength = Strength.weakest;
    output.stay = true;
    const unsatisfied: Constraint[] = [];
    const todo = [output];
    while (todo.length > 0) {
      const variable = todo.pop()!;
      for (const each of variable.constraints) {
        if (!each.isSatisfied()) unsatisfied.push(each);
        else if (each !== variable.determinedBy) {
          each.recalculate();
          todo.push(each.output());
        }
      }
    }
    return unsatisfied;
  }
}

/** Sets a variable to 0, 1 ... 99 and adds up what arrives at the other end of the equalities, and the plan's length. */
export function runChain(length: number): number {
  const planner = new Planner();
  const first = new Variable(0);
  let last = first;
  for (let i = 0; i < length; i++) {
    const next = new Variable(0);
    new EqualConstraint(last, next, Strength.required).addTo(planner);
    last = next;
  }
  new StayConstraint(last, Strength.strongDefault).addTo(planner);
  const edit = new EditConstraint(first, Strength.preferred);
  edit.addTo(planner);
  const plan = planner.plan([edit]);
  let sum = plan.length;
  for (let i = 0; i < 100; i++) {
    first.value = i;
    for (const each of plan) each.execute();
    sum += last.value;
  }
  edit.destroy(planner);
  return sum;
}

/** Sets a variable ten times; the plan's length. */
function change(planner: Planner, variable: Variable, value: number): number {
  const edit = new EditConstraint(variable, Strength.preferred);
  edit.addTo(planner);
  const plan = planner.plan([edit]);
  for (let i = 0; i < 10; i++) {
    variable.value = value;
    for (const each of plan) each.execute();
  }
  edit.destroy(planner);
  return plan.length;
}

/** Changes a source, a destination, the scale and the offset, and adds up all values after each, and the plans' lengths. */
export function runProjection(length: number): number {
  const planner = new Planner();
  const scale = new Variable(10);
  const offset = new Variable(1000);
  const variables: Variable[] = [];
  let source = scale;
  let destination = scale;
  for (let i = 0; i < length; i++) {
    source = new Variable(i);
    destination = new Variable(i);
    variables.push(source, destination);
    new StayConstraint(source, Strength.normal).addTo(planner);
    new ScaleConstraint(source, scale, offset, destination, Strength.required).addTo(planner);
  }
  const total = (): number => variables.reduce((sum, each) => sum + each.value, 0);
  let sum = change(planner, source, 17) + total();
  sum += change(planner, destination, 1050) + total();
  sum += change(planner, scale, 5) + total();
  return sum + change(planner, offset, 2000) + total();
}

/** Both tests, once each. */
export function runDeltaBlue(): number {
  return runChain(LENGTH) + runProjection(LENGTH);
}
