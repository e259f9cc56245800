/** What one Sentinel failed with; `cause` says how. */
export class SentinelFailure extends Error {
  /** `host:port`. */
  readonly sentinel: string;
  constructor(sentinel: string, cause: unknown) {
    super(`Sentinel ${sentinel} could not be asked`, { cause });
    this.sentinel = sentinel;
  }
}
