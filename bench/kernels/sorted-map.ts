/**
 * The sorted map of cd.ts: a balanced binary tree after Arne Andersson, "Balanced Search Trees Made Simple" (1993), that is a red-black
 * tree whose red nodes are right children. A node's level is one more than its left child's and at most one more than its right child's.
 */
export interface Ordered<K> {
  /** Less than, equal to or greater than 0. */
  compareTo(other: K): number;
}

class TreeNode<K, V> {
  key: K;
  value: V;
  level = 1;
  left: TreeNode<K, V> | undefined = undefined;
  right: TreeNode<K, V> | undefined = undefined;
  constructor(key: K, value: V) {
    this.key = key;
    this.value = value;
  }
  /** The root instead of me when a left child has my level. */
  skew(): TreeNode<K, V> {
    const { left } = this;
    if (left === undefined || left.level !== this.level) return this;
    this.left = left.right;
    left.right = this;
    return left;
  }
  /** The root instead of me when two to the right have my level. */
  split(): TreeNode<K, V> {
    const { right } = this;
    if (right?.right === undefined || right.right.level !== this.level) return this;
    this.right = right.left;
    right.left = this;
    right.level++;
    return right;
  }
  /** The root instead of me after something below me was removed. */
  rebalance(): TreeNode<K, V> {
    const level = Math.min(this.left?.level ?? 0, this.right?.level ?? 0) + 1;
    if (level < this.level) {
      this.level = level;
      if (this.right !== undefined && this.right.level > level) this.right.level = level;
    }
    const root = this.skew();
    if (root.right !== undefined) {
      root.right = root.right.skew();
      if (root.right.right !== undefined) root.right.right = root.right.right.skew();
    }
    const top = root.split();
    if (top.right !== undefined) top.right = top.right.split();
    return top;
  }
  forEach(action: (key: K, value: V) => void): void {
    this.left?.forEach(action);
    action(this.key, this.value);
    this.right?.forEach(action);
  }
}

export class SortedMap<K extends Ordered<K>, V> {
  private root: TreeNode<K, V> | undefined = undefined;
  get(key: K): V | undefined {
    return this.find(key)?.value;
  }
  /** What the key had until now. */
  put(key: K, value: V): V | undefined {
    const node = this.find(key);
    if (node === undefined) {
      this.root = this.insert(this.root, key, value);
      return undefined;
    }
    const old = node.value;
    node.value = value;
    return old;
  }
  remove(key: K): void {
    this.root = this.delete(this.root, key);
  }
  forEach(action: (key: K, value: V) => void): void {
    this.root?.forEach(action);
  }
  private find(key: K): TreeNode<K, V> | undefined {
    let node = this.root;
    while (node !== undefined) {
      const order = key.compareTo(node.key);
      if (order === 0) return node;
      node = order < 0 ? node.left : node.right;
    }
    return undefined;
  }
  private insert(node: TreeNode<K, V> | undefined, key: K, value: V): TreeNode<K, V> {
    if (node === undefined) return new TreeNode(key, value);
    if (key.compareTo(node.key) < 0) node.left = this.insert(node.left, key, value);
    else node.right = this.insert(node.right, key, value);
    return node.skew().split();
  }
  private delete(node: TreeNode<K, V> | undefined, key: K): TreeNode<K, V> | undefined {
    if (node === undefined) return undefined;
    const order = key.compareTo(node.key);
    if (order < 0) node.left = this.delete(node.left, key);
    else if (order > 0) node.right = this.delete(node.right, key);
    else if (node.left !== undefined) {
      let nearest = node.left;
      while (nearest.right !== undefined) nearest = nearest.right;
      node.key = nearest.key;
      node.value = nearest.value;
      node.left = this.delete(node.left, nearest.key);
    } else if (node.right !== undefined) {
      let nearest = node.right;
      while (nearest.left !== undefined) nearest = nearest.left;
      node.key = nearest.key;
      node.value = nearest.value;
      node.right = this.delete(node.right, nearest.key);
    } else return undefined;
    return node.rebalance();
  }
}
