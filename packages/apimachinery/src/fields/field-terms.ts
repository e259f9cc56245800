import { badRequest } from "../status/status-errors.ts";

/** One condition on one field: `=` (which `==` means too) or `!=`. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** Cuts at commas that no backslash escapes. */
function splitTerms(text: string): readonly string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") {
      at++;
    } else if (text[at] === ",") {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

/** Takes the backslashes off a value. A bare `,` or `=`, and a backslash before anything else, are errors. */
function unescapeValue(text: string): string {
  let value = "";
  let escaped = false;
  for (const rune of text) {
    if (escaped) {
      if (rune !== "\\" && rune !== "," && rune !== "=")
        throw badRequest(`invalid field selector: invalid escape sequence: \\${rune}`);
      value += rune;
      escaped = false;
    } else if (rune === "\\") {
      escaped = true;
    } else if (rune === "," || rune === "=") {
      throw badRequest(`invalid field selector: unescaped character in value: ${rune.codePointAt(0) ?? 0}`);
    } else {
      value += rune;
    }
  }
  if (escaped) throw badRequest("invalid field selector: invalid escape sequence: \\");
  return value;
}

/** Puts backslashes before what means something in a field selector's value: `\`, `,` and `=`. */
export function escapeFieldValue(value: string): string {
  return value.replaceAll(/[\\,=]/gu, (rune) => `\\${rune}`);
}

/**
 * Takes a field selector apart, in the order of its sorted terms, as k8s.io/apimachinery/pkg/fields does. Knows no
 * resource, and so no field.
 *
 * @throws StatusError 400, with the API server's own message.
 */
export function parseFieldTerms(text: string): readonly FieldRequirement[] {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).toSorted()) {
    if (term === "") continue;
    const at = term.search(/!=|=/u);
    if (at < 0) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const unequal = term[at] === "!";
    const length = unequal || term[at + 1] === "=" ? 2 : 1;
    requirements.push({
      field: term.slice(0, at),
      operator: unequal ? "!=" : "=",
      value: unescapeValue(term.slice(at + length)),
    });
  }
  return requirements;
}

/** Checks the syntax alone. @throws StatusError 400. */
export function checkFieldSelectorSyntax(text: string): void {
  if (text !== "") parseFieldTerms(text);
}
