/**
 * A heap and, beside it, the same graph as plain JavaScript objects. A program of random steps changes both; afterwards the
 * two are walked side by side from the roots, and anything in which they differ is a bug of the memory.
 */
import { becomeAll } from '../../vm/memory/become.ts';
import { Collector } from '../../vm/memory/collector.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { literalAt, literalCountOf } from '../../vm/memory/method-access.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { NO_OOP, type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { pin, unpin } from '../../vm/memory/pinning.ts';
import { needlesslyRemembered } from '../../vm/memory/space-checks.ts';
import { ContextSlot, SpecialObject } from '../../vm/memory/well-known.ts';
import { allFrom, type Kind, type Node, type Reachability, reachableFrom, type Value } from './model-node.ts';
import { type SmallHeap, smallHeap } from './small-heap.ts';

export const ACTIONS = [
  'allocate',
  'store',
  'drop',
  'scavenge',
  'collect',
  'exchange',
  'forward',
  'pin',
  'unpin',
  'protect',
] as const;
export type Action = (typeof ACTIONS)[number];

/** One step; the numbers choose modulo what there is. */
export interface Step {
  readonly action: Action;
  readonly kind: Kind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const SLOT_COUNTS: Record<Kind, (n: number) => number> = {
  array: (n) => n % 9,
  point: () => 2,
  bytes: () => 0,
  method: (n) => n % 5,
  context: (n) => n % 17,
  weak: (n) => n % 6,
  large: (n) => 250 + (n % 12),
  ephemeron: () => 2,
};

export class GraphModel {
  readonly heap: SmallHeap;
  private readonly memory: ObjectMemory;
  private readonly collector: Collector;
  private readonly roots: Node[] = [];
  private readonly baseline: number;
  /** True after a full collection: it makes the dead slots of contexts nil, a scavenge does not. */
  private areDeadSlotsNil = false;

  /** `edenBytes` 0: a heap without new space. A small one makes scavenges that tenure, and objects that find eden full. */
  constructor(edenBytes: number) {
    this.heap = smallHeap(16 << 20, edenBytes);
    this.memory = this.heap.memory;
    this.collector = new Collector(this.memory);
    // Any object will do for a semaphore: it says that there is somebody to tell of ephemerons.
    this.memory.storePointer(this.memory.specialObjects, SpecialObject.FINALIZATION_SEMAPHORE, this.memory.newArray(3));
    this.baseline = this.collector.collect().objects;
    this.memory.openNewSpace();
  }

  run(step: Step): void {
    switch (step.action) {
      case 'allocate':
        this.allocate(step);
        break;
      case 'store':
        this.store(step);
        break;
      case 'drop':
        this.drop(step);
        break;
      case 'scavenge':
        this.scavenge();
        break;
      case 'collect':
        this.collect();
        break;
      case 'exchange':
      case 'forward':
        this.become(step);
        break;
      case 'pin':
        this.pin(step);
        break;
      case 'unpin':
        this.unpin(step);
        break;
      case 'protect':
        this.protect(step);
        break;
    }
  }

  private allocate({ kind, a, b }: Step): void {
    const { memory } = this;
    const slotCount = SLOT_COUNTS[kind](a);
    const bytes =
      kind === 'bytes' || kind === 'method' ? Array.from({ length: b % 600 }, (_, i) => (a + i * 7) & 255) : [];
    const oop = this.allocateObject(kind, slotCount, bytes);
    const slots: Value[] = kind === 'method' ? Array(slotCount).fill(0) : Array(slotCount).fill(null);
    const hash = memory.identityHashOf(oop);
    const node: Node = { kind, slots, bytes, hash, isFired: false, isImmutable: false, pinnedAt: undefined };
    this.roots.push(node);
    this.heap.roots.push(oop);
  }

  private allocateObject(kind: Kind, slotCount: number, bytes: readonly number[]): Oop {
    const { memory, heap } = this;
    switch (kind) {
      case 'array':
      case 'large':
        return memory.newArray(slotCount);
      case 'point':
        return memory.instantiate(heap.classNamed('Point'));
      case 'weak':
        return memory.instantiate(heap.classNamed('WeakArray'), slotCount);
      case 'ephemeron':
        return memory.instantiate(heap.classNamed('Ephemeron'));
      case 'bytes': {
        const oop = memory.instantiate(heap.classNamed('ByteArray'), bytes.length);
        memory.u8.set(bytes, memory.bodyOf(oop));
        return oop;
      }
      case 'method':
        return heap.newMethod({ literals: Array<Oop>(slotCount).fill(smallIntegerOop(0)), bytecodes: bytes });
      case 'context': {
        const method = heap.newMethod({ literals: [], bytecodes: [] });
        const stack = Array<Oop>(slotCount).fill(memory.nil);
        const context = heap.newContext({
          sender: memory.nil,
          method,
          receiver: memory.nil,
          pc: 1,
          stack: stack.slice(0, 16),
        });
        memory.storePointer(context, ContextSlot.METHOD, memory.nil);
        if (slotCount < 16) memory.storePointer(context, ContextSlot.STACK + slotCount, method);
        return context;
      }
    }
  }

  /** Some object, found from a root by following slots as the numbers say: both sides of the pair. */
  private find(choice: number): [Node, Oop] | undefined {
    if (this.roots.length === 0) return undefined;
    let node = this.roots[choice % this.roots.length]!;
    let oop = this.heap.roots[choice % this.roots.length]!;
    for (let path = choice >>> 4; path > 0 && node.slots.length > 0; path >>>= 3) {
      const slot = path % node.slots.length;
      const next = node.slots[slot];
      if (next === null || typeof next === 'number' || next === undefined) break;
      oop = this.fetch(node, oop, slot);
      node = next;
    }
    return [node, oop];
  }

  private slotOf(node: Node, slot: number): number {
    if (node.kind === 'method') return 1 + slot;
    return node.kind === 'context' ? ContextSlot.STACK + slot : slot;
  }

  private fetch(node: Node, oop: Oop, slot: number): Oop {
    return this.memory.fetchPointer(oop, this.slotOf(node, slot));
  }

  private store({ a, b, c }: Step): void {
    const holder = this.find(a);
    const value = this.find(b);
    if (holder === undefined || value === undefined || holder[0].slots.length === 0) return;
    const slot = c % holder[0].slots.length;
    const isInteger = c % 5 === 0;
    holder[0].slots[slot] = isInteger ? c : value[0];
    this.memory.storePointer(holder[1], this.slotOf(holder[0], slot), isInteger ? smallIntegerOop(c) : value[1]);
  }

  private drop({ a }: Step): void {
    if (this.roots.length === 0) return;
    const index = a % this.roots.length;
    this.roots.splice(index, 1);
    this.heap.roots.splice(index, 1);
  }

  private become({ action, a, b }: Step): void {
    const from = this.find(a);
    const to = this.find(b);
    if (from === undefined || to === undefined || from[0] === to[0]) return;
    const twoWay = action === 'exchange';
    const nodes = allFrom(this.roots);
    if (becomeAll(this.memory, [from[1]], [to[1]], { twoWay, copyHash: true }) !== 0)
      throw new Error('become failed on ordinary objects');
    const replaced = (value: Value): Value => {
      if (value === from[0]) return to[0];
      return twoWay && value === to[0] ? from[0] : value;
    };
    for (const node of nodes) node.slots.forEach((value, i) => void (node.slots[i] = replaced(value)));
    this.roots.forEach((root, i) => void (this.roots[i] = replaced(root) as Node));
    const hash = from[0].hash;
    if (twoWay) from[0].hash = to[0].hash;
    to[0].hash = hash;
  }

  private pin({ a }: Step): void {
    const found = this.find(a);
    if (found === undefined) return;
    const oop = pin(this.memory, this.collector, found[1]);
    this.takeOver();
    found[0].pinnedAt = oop;
  }

  private unpin({ a }: Step): void {
    const found = this.find(a);
    if (found === undefined) return;
    unpin(this.memory, found[1]);
    found[0].pinnedAt = undefined;
  }

  private protect({ a, b }: Step): void {
    const found = this.find(a);
    if (found === undefined) return;
    found[0].isImmutable = b % 2 === 0;
    this.memory.setImmutable(found[1], found[0].isImmutable);
  }

  /** Collects, and checks that exactly what is reachable survived and what had to be fired was. */
  collect(): void {
    const reachability = reachableFrom(this.roots);
    const { alive, fired } = reachability;
    const statistics = this.collector.collect();
    this.areDeadSlotsNil = true;
    for (const node of alive) {
      if (node.kind !== 'weak') continue;
      node.slots.forEach((value, i) => {
        if (value !== null && typeof value !== 'number' && !alive.has(value)) node.slots[i] = null;
      });
    }
    if (statistics.objects !== this.baseline + alive.size)
      throw new Error(`${statistics.objects - this.baseline} objects survived, ${alive.size} are reachable`);
    const count = this.takeMourners(reachability);
    if (count !== fired.size) throw new Error(`${count} ephemerons were fired, expected ${fired.size}`);
  }

  /** Scavenges; afterwards the remembered set is minimal. */
  scavenge(): void {
    this.collector.scavenge();
    this.takeOver();
    if (needlesslyRemembered(this.memory).length > 0)
      throw new Error('a scavenge left objects remembered without need');
  }

  /**
   * After a scavenge: what only weak slots and ephemerons lead to may be gone or not, as it was young or old. The model takes
   * over what became of it, if that is something that could.
   */
  private takeOver(): void {
    this.areDeadSlotsNil = false;
    const reachability = reachableFrom(this.roots);
    const { alive } = reachability;
    this.takeMourners(reachability);
    this.forEachPair((node, oop) => {
      if (node.kind !== 'weak') return;
      node.slots.forEach((value, slot) => {
        if (value === null || typeof value === 'number' || alive.has(value)) return;
        if (this.fetch(node, oop, slot) === this.memory.nil) node.slots[slot] = null;
      });
    });
  }

  /** Fetches the mourners; those that are alive become roots, and are ones that had to be fired. Answers how many there are. */
  private takeMourners({ alive, fired }: Reachability): number {
    const nodes = new Map<Oop, Node>();
    this.forEachPair((node, oop) => void nodes.set(oop, node));
    let count = 0;
    for (let oop = this.memory.mourners.fetch(); oop !== NO_OOP; oop = this.memory.mourners.fetch()) {
      const node = nodes.get(oop);
      count++;
      if (node !== undefined) node.isFired = true;
      // An ephemeron that is dead, but old, may be fired by a scavenge: that takes what is old for alive.
      if (node === undefined || !alive.has(node)) continue;
      if (!fired.has(node)) throw new Error(`the object at ${oop} was fired`);
      this.roots.push(node);
      this.heap.roots.push(oop);
    }
    return count;
  }

  /** Visits each pair of node and object that can be reached, once. `visit` may empty slots of the node. */
  private forEachPair(visit: (node: Node, oop: Oop) => void): void {
    const seen = new Set<Node>();
    const pending: [Node, Oop][] = this.roots.map((root, i) => [root, this.heap.roots[i]!]);
    while (pending.length > 0) {
      const [node, oop] = pending.pop()!;
      if (seen.has(node)) continue;
      seen.add(node);
      visit(node, oop);
      node.slots.forEach((value, slot) => {
        if (value === null || typeof value === 'number') return;
        const actual = this.fetch(node, oop, slot);
        // A weak slot that has been cleared and is not yet taken over.
        if (actual !== this.memory.nil) pending.push([value, actual]);
      });
    }
  }

  /** Everything in which heap and model differ, and what the verifier finds. Empty when all is well. Contract: `collect` or `scavenge` ran last. */
  differences(): string[] {
    const found = new HeapVerifier(this.memory).verify().map(({ sentence }) => sentence);
    const oopOf = new Map<Node, Oop>();
    const pending: [Node, Oop][] = this.roots.map((root, i) => [root, this.heap.roots[i]!]);
    while (pending.length > 0) {
      const [node, oop] = pending.pop()!;
      const known = oopOf.get(node);
      if (known !== undefined) {
        if (known !== oop) found.push(`one object lies at ${known} and at ${oop}`);
        continue;
      }
      oopOf.set(node, oop);
      found.push(...this.ownDifferences(node, oop));
      node.slots.forEach((value, slot) => {
        const actual = this.fetch(node, oop, slot);
        if (
          value === null ? actual !== this.memory.nil : typeof value === 'number' && actual !== smallIntegerOop(value)
        )
          found.push(`slot ${slot} of a ${node.kind} at ${oop} is ${actual}, expected ${value}`);
        else if (value !== null && typeof value !== 'number') pending.push([value, actual]);
      });
    }
    if (new Set(oopOf.values()).size !== oopOf.size) found.push('two objects lie at one address');
    return found;
  }

  private ownDifferences(node: Node, oop: Oop): string[] {
    const { memory } = this;
    const found: string[] = [];
    if (memory.identityHashOf(oop) !== node.hash)
      found.push(`the hash of a ${node.kind} is ${memory.identityHashOf(oop)}, expected ${node.hash}`);
    if (memory.isImmutable(oop) !== node.isImmutable) found.push(`a ${node.kind} is read only: ${!node.isImmutable}`);
    if (memory.isPinned(oop) !== (node.pinnedAt !== undefined)) found.push(`a ${node.kind} lost or got a pin`);
    if (node.pinnedAt !== undefined && node.pinnedAt !== oop) found.push(`a pinned object moved to ${oop}`);
    const body = [...memory.bytesOf(oop)];
    if (node.kind === 'context' && this.areDeadSlotsNil)
      for (let slot = ContextSlot.STACK + node.slots.length; slot < memory.slotCountOf(oop); slot++)
        if (memory.fetchPointer(oop, slot) !== memory.nil) found.push(`dead slot ${slot} of a context is not nil`);
    if (node.kind === 'bytes' && String(body) !== String(node.bytes)) found.push(`the bytes at ${oop} differ`);
    if (node.kind === 'method') {
      if (literalCountOf(memory, oop) !== node.slots.length) found.push(`the literal count at ${oop} differs`);
      else if (node.slots.length > 0) literalAt(memory, oop, node.slots.length - 1);
      if (String(body.slice(4 + 4 * node.slots.length)) !== String(node.bytes))
        found.push(`the bytecodes at ${oop} differ`);
    }
    return found;
  }
}
