/** What the victim prints and its test reads: a line of JSON after each attack. */
export interface Told {
  readonly attack: string;
  /** What C answered: 0 where the system let it happen, else errno. */
  readonly answer: number;
}

/** Instead of errno: the kernel was built without the entrance of 32-bit programs, and to use it is a fault. */
export const noEntrance = -2;
