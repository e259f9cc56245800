import { badRequest } from "../status/status-errors.ts";
import { escapeFieldValue, type FieldRequirement, parseFieldTerms } from "./field-terms.ts";
import { type FieldResource, fieldTable } from "./selectable-fields.ts";

/** A parsed field selector: the conjunction of its requirements. Immutable; compile once, match often. */
export interface FieldSelector {
  /** True where every object matches. */
  readonly empty: boolean;
  /** Sorted by field, operator and value; fields under their current names. */
  readonly requirements: readonly FieldRequirement[];
  /** Tells whether an object with these {@link selectableFields} is selected. An absent field is `""`. Allocates nothing. */
  matches(fields: Readonly<Record<string, string>>): boolean;
  /** The canonical text. Parses back to itself. */
  toString(): string;
}

class ParsedFieldSelector implements FieldSelector {
  readonly empty: boolean;
  readonly requirements: readonly FieldRequirement[];

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
    this.empty = requirements.length === 0;
  }

  matches(fields: Readonly<Record<string, string>>): boolean {
    const { requirements } = this;
    for (let i = 0; i < requirements.length; i++) {
      const requirement = requirements[i];
      if (requirement === undefined) continue;
      const equal = (fields[requirement.field] ?? "") === requirement.value;
      if (equal !== (requirement.operator === "=")) return false;
    }
    return true;
  }

  toString(): string {
    return this.requirements
      .map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`)
      .join(",");
  }
}

const EVERYTHING: FieldSelector = new ParsedFieldSelector([]);

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byText(a: FieldRequirement, b: FieldRequirement): number {
  return compare(a.field, b.field) || compare(a.operator, b.operator) || compare(a.value, b.value);
}

/**
 * Parses a field selector for a resource: `spec.nodeName=n1,status.phase!=Succeeded`. Empty text selects everything.
 * In values, `\`, `,` and `=` stand behind a backslash.
 *
 * @throws StatusError 400 for bad syntax and for a field that the resource does not offer, with the API server's own
 * message.
 * @example
 * const selector = parseFieldSelector("spec.nodeName=n1", PODS);
 * selector.matches(selectableFields(PODS, pod));
 */
export function parseFieldSelector(text: string, resource: FieldResource): FieldSelector {
  if (text === "") return EVERYTHING;
  const table = fieldTable(resource);
  const requirements = parseFieldTerms(text).map(({ field: named, operator, value }): FieldRequirement => {
    const field = (Object.hasOwn(table.aliases, named) ? table.aliases[named] : undefined) ?? named;
    if (!Object.hasOwn(table.fields, field)) throw badRequest(table.unsupported(named));
    return { field, operator, value };
  });
  return requirements.length === 0 ? EVERYTHING : new ParsedFieldSelector(requirements.toSorted(byText));
}
