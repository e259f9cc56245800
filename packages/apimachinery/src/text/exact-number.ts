/** A number that JavaScript's own would change: a large integer, or one that is written otherwise (`1.0`). */
export class ExactNumber {
  /** As JSON had it. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Parses JSON, its numbers kept as they are written: those of JavaScript where nothing is lost, else {@link ExactNumber}. */
export function parseExact(json: string): unknown {
  return JSON.parse(json, (_key, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    return typeof value === "number" && source !== undefined && source !== String(value)
      ? new ExactNumber(source)
      : value;
  });
}
