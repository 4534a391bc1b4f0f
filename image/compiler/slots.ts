/**
 * Decides where variables live: which are remote, what each block copies, and which stack slot each gets.
 *
 * Slots of a function: arguments, copied values, then temps. Inlined blocks that stand beside each other share slots, since
 * only one of them is entered at a time; a temp whose slot may be used already is set to nil on entry. The primitive's error
 * code has the last slot, where the VM leaves it (see vm/bytecode/README.md).
 */
import type { Captured, FunctionScope, LocalVariable, Scope } from './scope.ts';

/** One use of a variable, by the function that uses it. */
export interface Reference {
  readonly fn: FunctionScope;
  readonly variable: LocalVariable;
}

/** True when a block's copy of the value could become stale. */
function changesAfterCapture(variable: LocalVariable): boolean {
  const { firstCapture } = variable;
  if (firstCapture === undefined) return false;
  return variable.assignments.some(
    ({ fn, end, loopDepth }) => fn !== variable.scope.fn || end > firstCapture || loopDepth > variable.scope.loopDepth,
  );
}

function copyInto(fn: FunctionScope, captured: Captured, owner: FunctionScope): void {
  for (let each: FunctionScope | undefined = fn; each !== undefined && each !== owner; each = each.parent) {
    if (!each.copied.includes(captured)) each.copied.push(captured);
  }
}

/** Sets `isRemote` of all variables and `copied` of all functions. */
export function resolveCaptures(variables: readonly LocalVariable[], references: readonly Reference[]): void {
  for (const variable of variables) variable.isRemote = changesAfterCapture(variable);
  for (const { fn, variable } of references) {
    copyInto(fn, variable.isRemote ? variable.scope : variable, variable.scope.fn);
  }
}

/** Gives each variable and vector of `fn` its slot. `last` gets the last one. */
export function assignSlots(fn: FunctionScope, last: LocalVariable | undefined): void {
  let used = fn.argumentCount + fn.copied.length;
  const place = (scope: Scope, firstFree: number): void => {
    const isRoot = scope === fn.root;
    let free = firstFree;
    let remoteCount = 0;
    scope.variables.forEach((variable, index) => {
      if (variable === last) return;
      if (variable.alias !== undefined) {
        variable.slot = variable.alias.slot;
      } else if (variable.isRemote) {
        variable.slot = remoteCount++;
      } else if (isRoot && variable.kind === 'argument') {
        variable.slot = index;
      } else {
        variable.slot = free++;
        const mayBeUsed = variable.slot < used || scope.loopDepth > 0;
        if (!isRoot && variable.kind === 'temp' && mayBeUsed) scope.toReset.push(variable);
      }
    });
    if (remoteCount > 0) scope.vectorSlot = free++;
    used = Math.max(used, free);
    for (const child of scope.children) place(child, free);
  };
  place(fn.root, used);
  if (last !== undefined) last.slot = used++;
  fn.tempCount = used;
}
