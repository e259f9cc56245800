import { goQuote } from "../text/go-quote.ts";
import { compareInt64, int64Problem } from "../text/int64.ts";
import { labelKeyProblems, labelValueProblems } from "./label-syntax.ts";

/** An operator of a label selector, as Kubernetes writes it. */
export type LabelOperator = "in" | "notin" | "=" | "==" | "!=" | "gt" | "lt" | "exists" | "!";

/** One condition on one label. Values are sorted and without duplicates. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Empty for `exists` and `!`, exactly one for `=`, `==`, `!=`, `gt`, `lt`, at least one for `in`, `notin`. */
  readonly values: readonly string[];
}

/** Beyond this many values a set is looked up rather than scanned. */
const SCAN_LIMIT = 8;

/** A requirement made ready to be asked often: `matches` allocates nothing. */
export class CompiledRequirement implements LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
  readonly #first: string;
  readonly #set: ReadonlySet<string> | undefined;

  constructor(requirement: LabelRequirement) {
    this.key = requirement.key;
    this.operator = requirement.operator;
    this.values = requirement.values;
    this.#first = requirement.values[0] ?? "";
    this.#set = requirement.values.length > SCAN_LIMIT ? new Set(requirement.values) : undefined;
  }

  matches(labels: Readonly<Record<string, string>>): boolean {
    // Not `undefined`: a label named `constructor` must not find what every object inherits.
    const found: unknown = labels[this.key];
    const value = typeof found === "string" ? found : undefined;
    switch (this.operator) {
      case "=":
      case "==":
        return value === this.#first;
      case "!=":
        return value !== this.#first;
      case "in":
        return value !== undefined && this.#has(value);
      case "notin":
        return value === undefined || !this.#has(value);
      case "exists":
        return value !== undefined;
      case "!":
        return value === undefined;
      case "gt":
        return value !== undefined && int64Problem(value) === undefined && compareInt64(value, this.#first) > 0;
      case "lt":
        return value !== undefined && int64Problem(value) === undefined && compareInt64(value, this.#first) < 0;
      default:
        return this.operator satisfies never;
    }
  }

  #has(value: string): boolean {
    return this.#set === undefined ? this.values.includes(value) : this.#set.has(value);
  }

  toString(): string {
    switch (this.operator) {
      case "exists":
        return this.key;
      case "!":
        return `!${this.key}`;
      case "in":
      case "notin":
        return `${this.key} ${this.operator} (${this.values.join(",")})`;
      case "gt":
        return `${this.key}>${this.#first}`;
      case "lt":
        return `${this.key}<${this.#first}`;
      case "=":
      case "==":
      case "!=":
        return `${this.key}${this.operator}${this.#first}`;
      default:
        return this.operator satisfies never;
    }
  }
}

/** What the API server says of a bad key, `path` being the field that it stands in; undefined where the key is good. */
export function labelKeyError(key: string, path: string): string | undefined {
  const problems = labelKeyProblems(key);
  return problems.length === 0 ? undefined : `${path}: Invalid value: ${goQuote(key)}: ${problems.join("; ")}`;
}

/** Every rule that the values of a requirement break, in the API server's words, joined as it joins them. */
export function requirementError({ key, operator, values }: LabelRequirement): string | undefined {
  const errors: string[] = [];
  for (const [index, value] of values.entries()) {
    if ((operator === "gt" || operator === "lt") && int64Problem(value) !== undefined)
      errors.push(
        `values[${index}]: Invalid value: ${goQuote(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
  }
  for (const [index, value] of values.entries()) {
    const problems = labelValueProblems(value);
    if (problems.length > 0)
      errors.push(`values[${index}][${key}]: Invalid value: ${goQuote(value)}: ${problems.join("; ")}`);
  }
  const told = [...new Set(errors)];
  return told.length > 1 ? `[${told.join(", ")}]` : told[0];
}
