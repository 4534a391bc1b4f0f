/** Why the interpreter's loop left off. The loop looks at it whenever its registers were changed from outside. */
export const StopReason = {
  /** It goes on. */
  NONE: 0,
  /** The slice's time is over. */
  SLICE: 1,
  /** No process can run. */
  IDLE: 2,
  /** A call from the host has its outcome. */
  CALL_ENDED: 3,
  /** The image asked to quit, or the user to interrupt. */
  QUIT: 4,
  /** A process asked for a rest: the image's idle process, or one that only looks whether there is input. */
  REST: 5,
} as const;
export type StopReason = (typeof StopReason)[keyof typeof StopReason];
