/** A value that cannot be read. The message names it and says how to write it; the name of the flag is put before. */
export class ParseError extends Error {
  override readonly name = "ParseError";
}
