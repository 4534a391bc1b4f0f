/**
 * The control-flow graph in which havlak.ts looks for loops, and the loops that it finds: basic blocks with the edges between them, and
 * the forest of loops, each with its blocks, the loop around it and the loops in it.
 */
export class BasicBlock {
  readonly predecessors: BasicBlock[] = [];
  readonly successors: BasicBlock[] = [];
}

export class FlowGraph {
  /** The first is where control enters. */
  readonly blocks: BasicBlock[] = [];
  /** The block of a number, and those before it. */
  block(number: number): BasicBlock {
    while (this.blocks.length <= number) this.blocks.push(new BasicBlock());
    return this.blocks[number]!;
  }
  addEdge(from: number, to: number): void {
    const source = this.block(from);
    const target = this.block(to);
    source.successors.push(target);
    target.predecessors.push(source);
  }
  /** A branch in two that join again; the number of the last block, as in the others. */
  addDiamond(start: number): number {
    this.addEdge(start, start + 1);
    this.addEdge(start, start + 2);
    this.addEdge(start + 1, start + 3);
    this.addEdge(start + 2, start + 3);
    return start + 3;
  }
  addLine(start: number, length: number): number {
    for (let i = start; i < start + length; i++) this.addEdge(i, i + 1);
    return start + length;
  }
  /** Three loops, each in the one before. */
  addNest(start: number): number {
    const header = this.addLine(start, 1);
    const outer = this.addDiamond(header);
    const innerHeader = this.addLine(outer, 1);
    const inner = this.addDiamond(innerHeader);
    this.addEdge(inner, innerHeader);
    const latch = this.addLine(inner, 1);
    this.addEdge(latch, header);
    const footer = this.addLine(latch, 1);
    this.addEdge(footer, start);
    return this.addLine(footer, 1);
  }
}

export class Loop {
  readonly blocks = new Set<BasicBlock>();
  readonly children: Loop[] = [];
  parent: Loop | undefined = undefined;
  /** How many loops are nested in me, the deepest way down. */
  nesting = 0;
  readonly isReducible: boolean;
  constructor(isReducible: boolean) {
    this.isReducible = isReducible;
  }
  add(block: BasicBlock): void {
    this.blocks.add(block);
  }
  setParent(loop: Loop): void {
    this.parent = loop;
    loop.children.push(this);
  }
  computeNesting(): void {
    for (const child of this.children) {
      child.computeNesting();
      this.nesting = Math.max(this.nesting, child.nesting + 1);
    }
  }
}

export class LoopForest {
  /** What is around all loops and is none. */
  readonly root = new Loop(true);
  readonly loops: Loop[] = [];
  newLoop(header: BasicBlock, isReducible: boolean): Loop {
    const loop = new Loop(isReducible);
    loop.add(header);
    this.loops.push(loop);
    return loop;
  }
  computeNesting(): void {
    for (const loop of this.loops) {
      if (loop.parent === undefined) loop.setParent(this.root);
    }
    this.root.computeNesting();
  }
  /** Loops, those that have several entries, the deepest nesting, and the blocks in loops, as decimal digits. */
  summary(): number {
    let irreducible = 0;
    let blocks = 0;
    for (const loop of this.loops) {
      if (!loop.isReducible) irreducible++;
      blocks += loop.blocks.size;
    }
    return ((this.loops.length * 100 + irreducible) * 100 + this.root.nesting) * 100_000 + blocks;
  }
}
