import { weightsOf } from "./weights.ts";

/**
 * Whether an `Accept` header asks for HTML in so many words, and for no plain text rather, as a browser does that opens a
 * page. Who takes anything has not asked for that.
 */
export function prefersHtml(accept: string | undefined): boolean {
  const weights = weightsOf(accept);
  const html = weights.get("text/html") ?? 0;
  return html > 0 && html >= (weights.get("text/plain") ?? 0);
}
