/**
 * Which ArrayBuffer of this side lies at an address of C's: for pointers that come back. Addresses are looked up by granules
 * of the arena; an ArrayBuffer that is garbage is forgotten.
 */
const granuleBytes = 65_536;

export interface Occupant {
  /** C's address of the ArrayBuffer's first byte. */
  readonly start: number;
  readonly sizeBytes: number;
  readonly buffer: WeakRef<ArrayBufferLike>;
}

export class AddressIndex {
  readonly #granules = new Map<number, Occupant[]>();
  readonly #registry = new FinalizationRegistry<Occupant>((occupant) => this.#remove(occupant));

  add(start: number, buffer: ArrayBufferLike): void {
    const occupant = { start, sizeBytes: buffer.byteLength, buffer: new WeakRef(buffer) };
    for (const granule of granulesOf(occupant)) {
      const there = this.#granules.get(granule);
      if (there === undefined) this.#granules.set(granule, [occupant]);
      else there.push(occupant);
    }
    this.#registry.register(buffer, occupant);
  }

  /** The last that came to lie there, where it lives: the end counts, because a pointer may point just behind. */
  find(address: number): { readonly start: number; readonly buffer: ArrayBufferLike } | undefined {
    const there = this.#granules.get(Math.floor(address / granuleBytes));
    if (there === undefined) return undefined;
    let behind: { start: number; buffer: ArrayBufferLike } | undefined;
    for (let i = there.length - 1; i >= 0; i--) {
      const { start, sizeBytes, buffer } = there[i]!;
      if (address < start || address > start + sizeBytes) continue;
      const alive = buffer.deref();
      if (alive === undefined) continue;
      if (address < start + sizeBytes) return { start, buffer: alive };
      behind = { start, buffer: alive };
    }
    return behind;
  }

  #remove(occupant: Occupant): void {
    for (const granule of granulesOf(occupant)) {
      const left = this.#granules.get(granule)?.filter((other) => other !== occupant) ?? [];
      if (left.length === 0) this.#granules.delete(granule);
      else this.#granules.set(granule, left);
    }
  }
}

function granulesOf({ start, sizeBytes }: Occupant): number[] {
  const first = Math.floor(start / granuleBytes);
  const last = Math.floor((start + sizeBytes) / granuleBytes);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
