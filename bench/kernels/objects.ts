/** Kernels on small objects: towers of Hanoi, linked lists, bouncing balls. */
import { Random } from './random.ts';

class Disk {
  readonly size: number;
  next: Disk | undefined = undefined;
  constructor(size: number) {
    this.size = size;
  }
}

class Towers {
  private readonly piles: (Disk | undefined)[] = [undefined, undefined, undefined];
  moves = 0;
  push(disk: Disk, pile: number): void {
    const top = this.piles[pile - 1];
    if (top !== undefined && disk.size >= top.size) throw new Error('a disk lies on a smaller one');
    disk.next = top;
    this.piles[pile - 1] = disk;
  }
  private pop(pile: number): Disk {
    const top = this.piles[pile - 1]!;
    this.piles[pile - 1] = top.next;
    top.next = undefined;
    return top;
  }
  move(count: number, source: number, target: number): void {
    if (count === 1) {
      this.push(this.pop(source), target);
      this.moves++;
      return;
    }
    const other = 6 - source - target;
    this.move(count - 1, source, other);
    this.move(1, source, target);
    this.move(count - 1, other, target);
  }
}

export function runTowers(): number {
  const towers = new Towers();
  for (let size = 13; size >= 1; size--) towers.push(new Disk(size), 1);
  towers.move(13, 1, 2);
  return towers.moves;
}

class Element {
  next: Element | undefined = undefined;
  length(): number {
    return this.next === undefined ? 1 : 1 + this.next.length();
  }
}

function make(length: number): Element | undefined {
  if (length === 0) return undefined;
  const element = new Element();
  element.next = make(length - 1);
  return element;
}

function isShorter(x: Element | undefined, y: Element | undefined): boolean {
  let a = x;
  let b = y;
  while (b !== undefined) {
    if (a === undefined) return true;
    a = a.next;
    b = b.next;
  }
  return false;
}

function tail(x: Element | undefined, y: Element | undefined, z: Element | undefined): Element | undefined {
  if (!isShorter(y, x)) return z;
  return tail(tail(x!.next, y, z), tail(y!.next, z, x), tail(z!.next, x, y));
}

export const runList = (): number => tail(make(15), make(10), make(6))!.length();

class Ball {
  private x: number;
  private y: number;
  private xSpeed: number;
  private ySpeed: number;
  constructor(random: Random) {
    this.x = random.next() % 500;
    this.y = random.next() % 500;
    this.xSpeed = (random.next() % 300) - 150;
    this.ySpeed = (random.next() % 300) - 150;
  }
  bounce(): boolean {
    let bounced = false;
    this.x += this.xSpeed;
    this.y += this.ySpeed;
    if (this.x > 500) {
      this.x = 500;
      this.xSpeed = -Math.abs(this.xSpeed);
      bounced = true;
    }
    if (this.x < 0) {
      this.x = 0;
      this.xSpeed = Math.abs(this.xSpeed);
      bounced = true;
    }
    if (this.y > 500) {
      this.y = 500;
      this.ySpeed = -Math.abs(this.ySpeed);
      bounced = true;
    }
    if (this.y < 0) {
      this.y = 0;
      this.ySpeed = Math.abs(this.ySpeed);
      bounced = true;
    }
    return bounced;
  }
}

export function runBounce(): number {
  const random = new Random();
  const balls = Array.from({ length: 100 }, () => new Ball(random));
  let bounces = 0;
  for (let i = 0; i < 500; i++) for (const ball of balls) if (ball.bounce()) bounces++;
  return bounces;
}
