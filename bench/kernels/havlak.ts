/**
 * Havlak: finds the loops of a control-flow graph, those with several entries too. After Paul Havlak, "Nesting of Reducible and Irreducible
 * Loops" (TOPLAS, 1997), on the kind of graph that Robert Hundt, "Loop Recognition in C++/Java/Go/Scala" (2011), measured it on: nests
 * of three loops, several of them in an outer loop, rows of those side by side. How many loops there are follows from how it was made.
 */
import { type BasicBlock, FlowGraph, type Loop, LoopForest } from './havlak-graph.ts';

const ROWS = 10;
const LOOPS_IN_A_ROW = 4;
const NESTS_IN_A_LOOP = 5;
const SMALL_GRAPHS = 50;

/** A block and what is known of it; those found to be in one loop are one set, whose root stands for the header. */
class Node {
  readonly block: BasicBlock;
  /** In the order of the depth-first search. */
  readonly number: number;
  /** The greatest number below me in the search's tree. */
  last: number;
  loop: Loop | undefined = undefined;
  readonly backPredecessors: Node[] = [];
  readonly otherPredecessors = new Set<Node>();
  private parent: Node = this;
  constructor(block: BasicBlock, number: number) {
    this.block = block;
    this.number = number;
    this.last = number;
  }
  isAncestorOf(other: Node): boolean {
    return this.number <= other.number && other.number <= this.last;
  }
  joinTo(header: Node): void {
    this.parent = header;
  }
  /** My set's root, to which all on the way are attached. */
  find(): Node {
    let root: Node = this;
    while (root.parent !== root) root = root.parent;
    let node: Node = this;
    while (node !== root) {
      const next = node.parent;
      node.parent = root;
      node = next;
    }
    return root;
  }
}

class LoopFinder {
  private readonly graph: FlowGraph;
  private readonly forest = new LoopForest();
  private readonly nodes: Node[] = [];
  private readonly nodeOf = new Map<BasicBlock, Node>();
  constructor(graph: FlowGraph) {
    this.graph = graph;
  }
  find(): LoopForest {
    this.search(this.graph.block(0));
    for (const node of this.nodes) this.sortPredecessors(node);
    for (let i = this.nodes.length - 1; i >= 0; i--) this.findLoopAt(this.nodes[i]!);
    this.forest.computeNesting();
    return this.forest;
  }
  /** Numbers what can be reached, depth first; the node of the block. */
  private search(block: BasicBlock): Node {
    const node = new Node(block, this.nodes.length);
    this.nodes.push(node);
    this.nodeOf.set(block, node);
    for (const successor of block.successors) {
      if (!this.nodeOf.has(successor)) this.search(successor);
    }
    node.last = this.nodes.length - 1;
    return node;
  }
  private sortPredecessors(node: Node): void {
    for (const block of node.block.predecessors) {
      const predecessor = this.nodeOf.get(block);
      if (predecessor !== undefined) {
        if (node.isAncestorOf(predecessor)) node.backPredecessors.push(predecessor);
        else node.otherPredecessors.add(predecessor);
      }
    }
  }
  /** Whether a loop has its header here: inner loops come first, and are one node each by then. */
  private findLoopAt(header: Node): void {
    const body: Node[] = [];
    let isLoop = false;
    for (const predecessor of header.backPredecessors) {
      isLoop = true;
      const found = predecessor.find();
      if (found !== header && !body.includes(found)) body.push(found);
    }
    if (!isLoop) return;
    const isReducible = this.completeBody(header, body);
    const loop = this.forest.newLoop(header.block, isReducible);
    header.loop = loop;
    for (const node of body) {
      node.joinTo(header);
      if (node.loop !== undefined) node.loop.setParent(loop);
      else loop.add(node.block);
    }
  }
  /** Goes backwards from the ends of a loop to its header; whether that is the only entry. */
  private completeBody(header: Node, body: Node[]): boolean {
    const work = [...body];
    let isReducible = true;
    while (work.length > 0) {
      for (const predecessor of work.pop()!.otherPredecessors) {
        const found = predecessor.find();
        if (!header.isAncestorOf(found)) {
          isReducible = false;
          header.otherPredecessors.add(found);
        } else if (found !== header && !body.includes(found)) {
          work.push(found);
          body.push(found);
        }
      }
    }
    return isReducible;
  }
}

/** Blocks 0 to 2 lead into each row, and each row's end to block 1. */
function makeGraph(rows: number): FlowGraph {
  const graph = new FlowGraph();
  graph.addNest(0);
  graph.addEdge(0, 2);
  let last = graph.blocks.length - 1;
  for (let row = 0; row < rows; row++) {
    graph.addEdge(2, last + 1);
    last++;
    for (let i = 0; i < LOOPS_IN_A_ROW; i++) {
      const top = last;
      last = graph.addLine(last, 1);
      for (let nest = 0; nest < NESTS_IN_A_LOOP; nest++) last = graph.addNest(last);
      const bottom = graph.addLine(last, 1);
      graph.addEdge(last, top);
      last = bottom;
    }
    graph.addEdge(last, 1);
  }
  return graph;
}

/** What is found in a graph of so many rows: LoopForest.summary of 3 loops and, for each row, 4 outer loops with 5 nests of 3. */
export function summarizeLoops(rows: number): number {
  return new LoopFinder(makeGraph(rows)).find().summary();
}

/** Fifty times the nest alone, once the whole; what was found in the whole and how many loops in the others. */
export function runHavlak(): number {
  const small = makeGraph(0);
  let loops = 0;
  for (let i = 0; i < SMALL_GRAPHS; i++) loops += new LoopFinder(small).find().loops.length;
  return summarizeLoops(ROWS) + loops;
}
