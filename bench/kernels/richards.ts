/**
 * Richards: the kernel of an operating system with six tasks that send packets to each other. By Martin Richards (BCPL, 1981); the
 * counts of queued packets and held tasks tell whether it ran as it should.
 */
const COUNT = 1000;
const Id = { IDLE: 0, WORKER: 1, HANDLER_A: 2, HANDLER_B: 3, DEVICE_A: 4, DEVICE_B: 5 } as const;
const WORK = 1;
const DEVICE = 0;
const RUNNABLE = 1;
const SUSPENDED = 2;
const HELD = 4;

class Packet {
  link: Packet | undefined;
  id: number;
  readonly kind: number;
  first = 0;
  readonly data = [0, 0, 0, 0];
  constructor(link: Packet | undefined, id: number, kind: number) {
    this.link = link;
    this.id = id;
    this.kind = kind;
  }
  addTo(queue: Packet | undefined): Packet {
    this.link = undefined;
    if (queue === undefined) return this;
    let last = queue;
    while (last.link !== undefined) last = last.link;
    last.link = this;
    return queue;
  }
}

interface Task {
  run(packet: Packet | undefined): Block | undefined;
}

class Block {
  readonly link: Block | undefined;
  readonly id: number;
  readonly priority: number;
  private queue: Packet | undefined;
  private readonly task: Task;
  private state: number;
  constructor(link: Block | undefined, id: number, priority: number, queue: Packet | undefined, task: Task) {
    this.link = link;
    this.id = id;
    this.priority = priority;
    this.queue = queue;
    this.task = task;
    this.state = queue === undefined ? SUSPENDED : SUSPENDED | RUNNABLE;
  }
  setRunning(): void {
    this.state = 0;
  }
  markAsNotHeld(): void {
    this.state &= ~HELD;
  }
  markAsHeld(): void {
    this.state |= HELD;
  }
  markAsSuspended(): void {
    this.state |= SUSPENDED;
  }
  isHeldOrSuspended(): boolean {
    return (this.state & HELD) !== 0 || this.state === SUSPENDED;
  }
  run(): Block | undefined {
    let packet: Packet | undefined;
    if (this.state === (SUSPENDED | RUNNABLE)) {
      packet = this.queue!;
      this.queue = packet.link;
      this.state = this.queue === undefined ? 0 : RUNNABLE;
    }
    return this.task.run(packet);
  }
  checkPriorityAdd(task: Block, packet: Packet): Block {
    if (this.queue !== undefined) {
      this.queue = packet.addTo(this.queue);
      return task;
    }
    this.queue = packet;
    this.state |= RUNNABLE;
    return this.priority > task.priority ? this : task;
  }
}

class Scheduler {
  queueCount = 0;
  holdCount = 0;
  private readonly blocks: Block[] = [];
  private list: Block | undefined = undefined;
  private current: Block | undefined = undefined;
  private currentId = 0;
  add(id: number, priority: number, queue: Packet | undefined, task: Task): Block {
    const block = new Block(this.list, id, priority, queue, task);
    this.list = block;
    this.blocks[id] = block;
    return block;
  }
  schedule(): void {
    this.current = this.list;
    while (this.current !== undefined) {
      if (this.current.isHeldOrSuspended()) {
        this.current = this.current.link;
      } else {
        this.currentId = this.current.id;
        this.current = this.current.run();
      }
    }
  }
  release(id: number): Block {
    const block = this.blocks[id]!;
    block.markAsNotHeld();
    return block.priority > this.current!.priority ? block : this.current!;
  }
  holdCurrent(): Block | undefined {
    this.holdCount++;
    this.current!.markAsHeld();
    return this.current!.link;
  }
  suspendCurrent(): Block {
    this.current!.markAsSuspended();
    return this.current!;
  }
  queue(packet: Packet): Block {
    const block = this.blocks[packet.id]!;
    this.queueCount++;
    packet.link = undefined;
    packet.id = this.currentId;
    return block.checkPriorityAdd(this.current!, packet);
  }
}

class IdleTask implements Task {
  private readonly scheduler: Scheduler;
  private seed = 1;
  private count = COUNT;
  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }
  run(): Block | undefined {
    this.count--;
    if (this.count === 0) return this.scheduler.holdCurrent();
    if ((this.seed & 1) === 0) {
      this.seed >>= 1;
      return this.scheduler.release(Id.DEVICE_A);
    }
    this.seed = (this.seed >> 1) ^ 0xd008;
    return this.scheduler.release(Id.DEVICE_B);
  }
}

class DeviceTask implements Task {
  private readonly scheduler: Scheduler;
  private pending: Packet | undefined = undefined;
  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }
  run(packet: Packet | undefined): Block | undefined {
    if (packet !== undefined) {
      this.pending = packet;
      return this.scheduler.holdCurrent();
    }
    if (this.pending === undefined) return this.scheduler.suspendCurrent();
    const pending = this.pending;
    this.pending = undefined;
    return this.scheduler.queue(pending);
  }
}

class WorkerTask implements Task {
  private readonly scheduler: Scheduler;
  private target: number = Id.HANDLER_A;
  private count = 0;
  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }
  run(packet: Packet | undefined): Block {
    if (packet === undefined) return this.scheduler.suspendCurrent();
    this.target = this.target === Id.HANDLER_A ? Id.HANDLER_B : Id.HANDLER_A;
    packet.id = this.target;
    packet.first = 0;
    for (let i = 0; i < 4; i++) {
      this.count++;
      if (this.count > 26) this.count = 1;
      packet.data[i] = this.count;
    }
    return this.scheduler.queue(packet);
  }
}

class HandlerTask implements Task {
  private readonly scheduler: Scheduler;
  private work: Packet | undefined = undefined;
  private device: Packet | undefined = undefined;
  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }
  run(packet: Packet | undefined): Block {
    if (packet !== undefined) {
      if (packet.kind === WORK) this.work = packet.addTo(this.work);
      else this.device = packet.addTo(this.device);
    }
    const { work, device } = this;
    if (work !== undefined) {
      const count = work.first;
      if (count >= 4) {
        this.work = work.link;
        return this.scheduler.queue(work);
      }
      if (device !== undefined) {
        this.device = device.link;
        device.first = work.data[count]!;
        work.first = count + 1;
        return this.scheduler.queue(device);
      }
    }
    return this.scheduler.suspendCurrent();
  }
}

function packets(count: number, id: number, kind: number): Packet | undefined {
  let queue: Packet | undefined;
  for (let i = 0; i < count; i++) queue = new Packet(queue, id, kind);
  return queue;
}

/** Three runs; the packets queued and tasks held in the last. */
export function runRichards(): number {
  let scheduler = new Scheduler();
  for (let i = 0; i < 3; i++) {
    scheduler = new Scheduler();
    scheduler.add(Id.IDLE, 0, undefined, new IdleTask(scheduler)).setRunning();
    scheduler.add(Id.WORKER, 1000, packets(2, Id.WORKER, WORK), new WorkerTask(scheduler));
    scheduler.add(Id.HANDLER_A, 2000, packets(3, Id.DEVICE_A, DEVICE), new HandlerTask(scheduler));
    scheduler.add(Id.HANDLER_B, 3000, packets(3, Id.DEVICE_B, DEVICE), new HandlerTask(scheduler));
    scheduler.add(Id.DEVICE_A, 4000, undefined, new DeviceTask(scheduler));
    scheduler.add(Id.DEVICE_B, 5000, undefined, new DeviceTask(scheduler));
    scheduler.schedule();
  }
  return scheduler.queueCount * 100_000 + scheduler.holdCount;
}
