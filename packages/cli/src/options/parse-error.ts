/** A value that cannot be read. The message names it and says how to write it; the name of the flag is put before. */
export class ParseError extends Error {
  override readonly name = "ParseError";
  /** One sentence that says what to do about it, where the message does not. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
