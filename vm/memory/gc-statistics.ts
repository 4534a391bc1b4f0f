/** What the collector has done since the VM started: counts, times and sizes, for people and for `Smalltalk vm parameterAt:`. */

/** Objects and bytes that a scavenge moved to old space. */
export interface Tenured {
  readonly objects: number;
  readonly bytes: number;
}

export class GcStatistics {
  scavenges = 0;
  scavengeMs = 0;
  longestScavengeMs = 0;
  fullCollections = 0;
  fullMs = 0;
  longestFullMs = 0;
  tenuredObjects = 0;
  tenuredBytes = 0;
  /** Of the last scavenge. */
  lastSurvivingBytes = 0;
  /** Bytes that collections found dead. */
  reclaimedBytes = 0;
  private tenuredAtLastFull = 0;
  /** Bytes that are alive after the last full collection. */
  liveBytes = 0;

  /** Objects tenured since the last full collection. */
  get tenuredSinceFull(): number {
    return this.tenuredObjects - this.tenuredAtLastFull;
  }

  noteScavenge(milliseconds: number, youngBytes: number, survivingBytes: number, tenured: Tenured): void {
    this.scavenges++;
    this.scavengeMs += milliseconds;
    this.longestScavengeMs = Math.max(this.longestScavengeMs, milliseconds);
    this.lastSurvivingBytes = survivingBytes;
    this.reclaimedBytes += youngBytes - survivingBytes - tenured.bytes;
    this.tenuredObjects += tenured.objects;
    this.tenuredBytes += tenured.bytes;
  }

  noteFull(milliseconds: number, bytesBefore: number, bytesAfter: number, tenured: Tenured): void {
    this.fullCollections++;
    this.fullMs += milliseconds;
    this.longestFullMs = Math.max(this.longestFullMs, milliseconds);
    this.reclaimedBytes += bytesBefore - bytesAfter;
    this.liveBytes = bytesAfter;
    this.tenuredObjects += tenured.objects;
    this.tenuredBytes += tenured.bytes;
    this.tenuredAtLastFull = this.tenuredObjects;
  }
}
