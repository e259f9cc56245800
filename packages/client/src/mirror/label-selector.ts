import { invalid } from "../options.ts";

/** One condition on one label. `=` is `in` with one value, `!=` is `notin` with one. */
export type LabelRequirement =
  | { readonly operator: "in" | "notin"; readonly key: string; readonly values: readonly string[] }
  | { readonly operator: "exists" | "absent"; readonly key: string };

const NAME = "[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?";
const KEY = `((?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?${NAME})`;
const WHETHER = new RegExp(`^(!?)\\s*${KEY}$`);
const EQUALITY = new RegExp(`^${KEY}\\s*(==|=|!=)\\s*(|${NAME})$`);
const SET = new RegExp(`^${KEY}\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const VALUE = new RegExp(`^(?:|${NAME})$`);

/**
 * Reads a label selector: `app=web,tier in (a,b),!canary`. All that Kubernetes has, but for `>` and `<`.
 *
 * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` that names what cannot be read.
 */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  if (text.trim() === "") return [];
  return parts(text).map((part) => requirement(part.trim(), text));
}

/** Whether labels meet a condition. */
export function meets(requirement: LabelRequirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case "in":
      return value !== undefined && requirement.values.includes(value);
    case "notin":
      return value === undefined || !requirement.values.includes(value);
    case "exists":
      return value !== undefined;
    case "absent":
      return value === undefined;
    default:
      return requirement satisfies never;
  }
}

/** Cuts at the commas that are within no brackets. */
function parts(text: string): readonly string[] {
  const found: string[] = [];
  let from = 0;
  let isWithin = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "(") isWithin = true;
    else if (character === ")") isWithin = false;
    else if (character === "," && !isWithin) {
      found.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...found, text.slice(from)];
}

function requirement(part: string, text: string): LabelRequirement {
  const whether = WHETHER.exec(part);
  if (whether !== null) {
    const [, not, key = ""] = whether;
    return { operator: not === "!" ? "absent" : "exists", key };
  }
  const equality = EQUALITY.exec(part);
  if (equality !== null) {
    const [, key = "", sign, value = ""] = equality;
    return { operator: sign === "!=" ? "notin" : "in", key, values: [value] };
  }
  const set = SET.exec(part);
  const [, key = "", operator, listed = ""] = set ?? [];
  const values = listed.split(",").map((value) => value.trim());
  if (set === null || !values.every((value) => VALUE.test(value)))
    throw invalid(
      `labelSelector is ${JSON.stringify(text)}, of which ${JSON.stringify(part)} cannot be read`,
      "write it like app=web,tier!=db,zone in (a,b),env notin (dev),owner,!canary",
    );
  return { operator: operator === "in" ? "in" : "notin", key, values };
}
