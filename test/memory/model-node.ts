/** An object of the model that random heaps are compared with, and which of them live, by the collector's rules, told anew. */

export const KINDS = ['array', 'point', 'bytes', 'method', 'context', 'weak', 'large', 'ephemeron'] as const;
export type Kind = (typeof KINDS)[number];
export type Value = Node | number | null;

export interface Node {
  readonly kind: Kind;
  readonly slots: Value[];
  readonly bytes: readonly number[];
  hash: number;
  /** An ephemeron that was fired is an ordinary object. */
  isFired: boolean;
  isImmutable: boolean;
  /** Where a pinned object lies. */
  pinnedAt: number | undefined;
}

const isNode = (value: Value | undefined): value is Node =>
  value !== null && value !== undefined && typeof value !== 'number';

export interface Reachability {
  readonly alive: Set<Node>;
  /** Ephemerons whose key nothing but ephemerons holds. */
  readonly fired: Set<Node>;
}

/** What lives after a full collection. */
export function reachableFrom(roots: readonly Node[]): Reachability {
  const alive = new Set<Node>();
  const fired = new Set<Node>();
  const waiting = new Set<Node>();
  const follow = (start: readonly Value[]): void => {
    const pending = [...start];
    while (pending.length > 0) {
      const node = pending.pop();
      if (!isNode(node) || alive.has(node)) continue;
      alive.add(node);
      if (node.kind === 'weak') continue;
      if (node.kind === 'ephemeron' && !node.isFired) waiting.add(node);
      else pending.push(...node.slots);
    }
  };
  const hasReachedKey = ({ slots }: Node): boolean => !isNode(slots[0]) || alive.has(slots[0]);
  follow(roots);
  while (waiting.size > 0) {
    let batch = [...waiting].filter(hasReachedKey);
    if (batch.length === 0) {
      batch = [...waiting];
      for (const node of batch) fired.add(node);
    }
    for (const node of batch) waiting.delete(node);
    follow(batch.flatMap(({ slots }) => slots));
  }
  return { alive, fired };
}

/** All that can be reached, through weak slots and ephemerons too: what those alone hold lives until a collection. */
export function allFrom(roots: readonly Node[]): Set<Node> {
  const found = new Set<Node>();
  const pending: Value[] = [...roots];
  while (pending.length > 0) {
    const node = pending.pop();
    if (!isNode(node) || found.has(node)) continue;
    found.add(node);
    pending.push(...node.slots);
  }
  return found;
}
