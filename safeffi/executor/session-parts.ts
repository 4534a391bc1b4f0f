/**
 * What the executors of a session have in common: shared buffers, and the numbers of generations. Numbers are given out over
 * all domains, so that an address tells which executor it belongs to, and one of another domain is known as such.
 */
import { SharedBuffers } from './shared-buffers.ts';

export const mainDomain = 'main';

export class SessionParts {
  /** The domain of each generation, from 1. */
  readonly #domains: string[] = [];
  #buffers: SharedBuffers | undefined;

  get buffers(): SharedBuffers {
    this.#buffers ??= new SharedBuffers();
    return this.#buffers;
  }

  nextGeneration(domain: string): number {
    return this.#domains.push(domain);
  }

  /** The domain whose executor has, or had, this number. */
  domainOf(generation: number): string | undefined {
    return this.#domains[generation - 1];
  }

  close(): void {
    this.#buffers?.close();
  }
}
