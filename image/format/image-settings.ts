/** What an image asks of the VM that resumes it, as its file's header says; kept from load to snapshot, without meaning for the heap. */

export const ImageFlag = {
  FULL_SCREEN: 1,
  /** Floats lie with their low word first. */
  FLOATS_LITTLE_ENDIAN: 2,
  /** Ours: the image came from V3, and sees its objects as V3 has them (vm/memory/v3-objects.ts). */
  V3_OBJECTS: 1 << 30,
} as const;

export interface ImageSettings {
  /** Width in the upper 16 bits, height in the lower. */
  readonly windowSize: number;
  readonly flags: number;
  readonly extraVMMemory: number;
  readonly stackPages: number;
  readonly codeKilobytes: number;
  readonly edenBytes: number;
  readonly maxExternalSemaphores: number;
}

export const DEFAULT_SETTINGS: ImageSettings = {
  windowSize: 0,
  flags: ImageFlag.FLOATS_LITTLE_ENDIAN,
  extraVMMemory: 0,
  stackPages: 0,
  codeKilobytes: 0,
  edenBytes: 0,
  maxExternalSemaphores: 0,
};
