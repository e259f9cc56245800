/** The command line (or a `KRM_…` variable) is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** One sentence that says what to do about it. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
