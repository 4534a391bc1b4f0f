/**
 * Which linked callout belongs to a call site: a direct-mapped cache by method and pc. It holds oops as tags, not as roots,
 * and is emptied whenever objects move.
 */
import { NO_OOP, type Oop } from '../../vm/memory/oop.ts';
import type { LinkedCallout } from './callout-linker.ts';

/** Places in the cache; a power of two. */
const SITES = 1024;

export interface CallSite {
  method: Oop;
  /** Offset of the send's successor from the method. */
  pc: number;
  signature: Oop;
  library: Oop;
  callout: LinkedCallout | undefined;
}

export class CallSites {
  private readonly sites: CallSite[] = [];

  constructor() {
    for (let i = 0; i < SITES; i++)
      this.sites.push({ method: NO_OOP, pc: 0, signature: NO_OOP, library: NO_OOP, callout: undefined });
  }

  /** The place of a call site, whoever holds it now. */
  at(method: Oop, pc: number): CallSite {
    return this.sites[((method >> 3) ^ (pc * 31)) & (SITES - 1)]!;
  }

  /** After young objects moved, what names none stays. */
  forget(isYoung: (oop: Oop) => boolean = () => true): void {
    for (const site of this.sites) {
      if (site.callout === undefined) continue;
      const { method, signature, library } = site;
      if (![method, signature, library, ...site.callout.associations].some(isYoung)) continue;
      site.method = NO_OOP;
      site.callout = undefined;
    }
  }
}
