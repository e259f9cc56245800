import { badRequest } from "@krm/apimachinery";
import { MAX_QUERY_LENGTH } from "@krm/protocol";
import { causedError } from "../answer/caused-error.ts";

/**
 * Reads the query of a request target, strictly: what is not known is refused, and so is what is given twice, since a
 * parameter that is passed over would widen the answer without a word. Empty values count as absent.
 *
 * @throws StatusError 400 that names what is wrong: a parameter (and lists the known ones), or a bad percent-encoding.
 */
export function readQuery(target: string, known: readonly string[]): URLSearchParams {
  const mark = target.indexOf("?");
  const text = mark < 0 ? "" : target.slice(mark + 1);
  if (text.length > MAX_QUERY_LENGTH) {
    throw badRequest(`the query string has ${text.length} characters; ${MAX_QUERY_LENGTH} are read at most`);
  }
  const bad = /%(?![0-9A-Fa-f]{2}).{0,2}/u.exec(text);
  if (bad !== null) {
    throw badRequest(`the query string holds ${JSON.stringify(bad[0])}, which is no percent-encoding`);
  }
  const query = new URLSearchParams();
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (!known.includes(name)) throw unknownParameter(name, known);
    if (seen.has(name)) {
      throw causedError("RepeatedParameter", {
        code: 400,
        message: `query parameter ${JSON.stringify(name)} is given more than once`,
        field: name,
      });
    }
    seen.add(name);
    if (value !== "") query.set(name, value);
  }
  return query;
}

/** 400 for a parameter that does not exist here. */
export function unknownParameter(name: string, known: readonly string[]): Error {
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return causedError("UnknownParameter", {
    code: 400,
    message:
      known.length === 0
        ? `unknown query parameter ${JSON.stringify(shown)}; there are none here`
        : `unknown query parameter ${JSON.stringify(shown)}; known ones: ${known.join(", ")}`,
    field: shown,
  });
}
