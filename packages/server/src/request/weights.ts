/**
 * What an `Accept` or `Accept-Encoding` header names, each with its weight (RFC 9110 §12.4.2); what is not named, or with a
 * weight that cannot be read, is not accepted in so many words.
 */
export function weightsOf(header: string | readonly string[] | undefined): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const range of String(header ?? "").split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    weights.set(name, weight === undefined ? 1 : Number(weight) || 0);
  }
  return weights;
}
