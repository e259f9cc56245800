import { badRequest } from "../status/status-errors.ts";
import { lexLabelSelector, type Token } from "./lexer.ts";
import {
  CompiledRequirement,
  labelKeyError,
  type LabelOperator,
  type LabelRequirement,
  requirementError,
} from "./requirement.ts";

/** A parsed label selector: the conjunction of its requirements. Immutable; compile once, match often. */
export interface LabelSelector {
  /** True where every object matches. */
  readonly empty: boolean;
  /** Sorted by key; requirements on the same key keep the order in which they were written. */
  readonly requirements: readonly LabelRequirement[];
  /** Tells whether an object with these labels is selected. Allocates nothing. */
  matches(labels: Readonly<Record<string, string>>): boolean;
  /** The canonical text: two selectors with the same text select the same objects. Parses back to itself. */
  toString(): string;
}

class ParsedLabelSelector implements LabelSelector {
  readonly empty: boolean;
  readonly requirements: readonly CompiledRequirement[];

  constructor(requirements: readonly CompiledRequirement[]) {
    this.requirements = requirements;
    this.empty = requirements.length === 0;
  }

  matches(labels: Readonly<Record<string, string>>): boolean {
    const { requirements } = this;
    for (let i = 0; i < requirements.length; i++) {
      const requirement = requirements[i];
      if (requirement !== undefined && !requirement.matches(labels)) return false;
    }
    return true;
  }

  toString(): string {
    return this.requirements.join(",");
  }
}

const EVERYTHING: LabelSelector = new ParsedLabelSelector([]);

/** A syntax error: the message of the 400 that it becomes. */
class SyntaxProblem extends Error {}

function fail(message: string): never {
  throw new SyntaxProblem(message);
}

const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  in: "in",
  notin: "notin",
  "=": "=",
  "==": "==",
  "!=": "!=",
  ">": "gt",
  "<": "lt",
};

/** Recursive descent over the words, with upstream's messages (k8s.io/apimachinery/pkg/labels). */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = lexLabelSelector(text);
  }

  parse(): readonly CompiledRequirement[] {
    const requirements: CompiledRequirement[] = [];
    let first = this.#peek();
    if (first.type === "end") return requirements;
    if (!startsRequirement(first)) fail(`found '${first.text}', expected: !, identifier, or 'end of string'`);
    for (;;) {
      requirements.push(this.#requirement());
      const after = this.#next();
      if (after.type === "end") break;
      if (after.type === "identifier" || after.text !== ",")
        fail(`found '${after.text}', expected: ',' or 'end of string'`);
      first = this.#peek();
      if (!startsRequirement(first)) fail(`found '${first.text}', expected: identifier after ','`);
    }
    return requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  #requirement(): CompiledRequirement {
    try {
      const requirement = this.#condition();
      const error = requirementError(requirement);
      if (error !== undefined) fail(error);
      return new CompiledRequirement(requirement);
    } catch (error) {
      if (error instanceof SyntaxProblem) fail(`unable to parse requirement: ${error.message}`);
      throw error;
    }
  }

  #condition(): LabelRequirement {
    let token = this.#next();
    const absent = isSymbol(token, "!");
    if (absent) token = this.#next();
    if (token.type !== "identifier") fail(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const error = labelKeyError(key, "<nil>");
    if (error !== undefined) fail(error);
    if (absent) return { key, operator: "!", values: [] };
    const after = this.#peek();
    if (after.type === "end" || isSymbol(after, ",")) return { key, operator: "exists", values: [] };
    const operator = this.#operator();
    const values = operator === "in" || operator === "notin" ? this.#valueSet() : [this.#value()];
    return { key, operator, values };
  }

  #operator(): LabelOperator {
    const { text } = this.#next();
    const operator = Object.hasOwn(OPERATORS, text) ? OPERATORS[text] : undefined;
    return operator ?? fail(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  /** `(a,b)`; `(,a)` and `(a,)` hold the empty value too, and `()` holds nothing else. */
  #valueSet(): readonly string[] {
    const open = this.#next();
    if (!isSymbol(open, "(")) fail(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (isSymbol(first, ")")) {
      this.#next();
      return [""];
    }
    if (first.type !== "identifier" && !isSymbol(first, ","))
      fail(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = new Set<string>();
    for (;;) {
      const token = this.#next();
      const after = this.#peek();
      if (token.type === "identifier") {
        values.add(token.text);
        if (isSymbol(after, ")")) break;
        if (!isSymbol(after, ",")) fail(`found '${after.text}', expected: ',' or ')'`);
      } else if (isSymbol(token, ",")) {
        if (values.size === 0 || isSymbol(after, ")") || isSymbol(after, ",")) values.add("");
        if (isSymbol(after, ")")) break;
        if (isSymbol(after, ",")) this.#next();
      } else {
        fail(`found '${token.text}', expected: ',', or identifier`);
      }
    }
    this.#next();
    return [...values].toSorted();
  }

  /** The one value after `=`; nothing there is the empty value. */
  #value(): string {
    const token = this.#peek();
    if (token.type === "end" || isSymbol(token, ",")) return "";
    this.#next();
    return token.type === "identifier" ? token.text : fail(`found '${token.text}', expected: identifier`);
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { type: "end", text: "" };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }
}

function isSymbol(token: Token, text: string): boolean {
  return token.type === "symbol" && token.text === text;
}

function startsRequirement(token: Token): boolean {
  return token.type === "identifier" || isSymbol(token, "!");
}

/**
 * Parses a label selector: `app=web,tier in (a,b),!canary,env notin (dev),replicas>2`. Empty text selects everything.
 *
 * @throws StatusError 400, with the API server's own message.
 * @example
 * parseLabelSelector("app in (web,db)").matches({ app: "db" }) // true
 */
export function parseLabelSelector(text: string): LabelSelector {
  if (text === "") return EVERYTHING;
  try {
    const requirements = new Parser(text).parse();
    return requirements.length === 0 ? EVERYTHING : new ParsedLabelSelector(requirements);
  } catch (error) {
    if (error instanceof SyntaxProblem) throw badRequest(error.message);
    throw error;
  }
}
