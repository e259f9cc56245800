import { ParseError } from "../../options/parse-error.ts";
import type { Segment } from "./segment.ts";

const ROOT = /\s*[$@]?/uy;
const NAME = /(?:\\.|[^\\.[\]\s])+/uy;
const INDEX = /-?\d*\s*(?::\s*-?\d*\s*){0,2}/uy;
const QUOTED = /'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"/uy;
const FILTER_BEGINS = /\?\s*\(/uy;
const SPACE = /\s*/uy;
/** What may hold or be a parenthesis. */
const IN_FILTER = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[()]/gu;

/** Reads a path as kubectl writes it. */
export class PathReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.trimEnd();
  }

  /** @throws ParseError */
  segments(): readonly Segment[] {
    const found: Segment[] = [];
    this.#take(ROOT);
    // The root alone.
    if (this.#rest === ".") return [];
    while (this.#rest !== "") {
      if (this.#skip("[")) found.push(this.#bracketed());
      else if (this.#skip("..")) found.push({ type: "below" }, ...(this.#rest.startsWith("[") ? [] : [this.#name()]));
      else if (this.#skip(".")) found.push(this.#name());
      else throw this.#refusal(found.length === 0 ? 'it begins with "."' : '"." or "[" is missing');
    }
    return found;
  }

  #name(): Segment {
    const name = this.#take(NAME)?.[0];
    if (name === undefined) throw this.#refusal("a name is missing");
    return name === "*" ? { type: "all" } : { type: "name", name: name.replaceAll(/\\(.)/gu, "$1") };
  }

  #bracketed(): Segment {
    this.#take(SPACE);
    const segment = this.#selected();
    this.#take(SPACE);
    if (this.#skip("]")) return segment;
    throw this.#refusal('"]" is missing');
  }

  #selected(): Segment {
    if (this.#skip("*")) return { type: "all" };
    if (this.#rest.startsWith("?")) return { type: "filter", text: this.#filter() };
    if (/^['"]/u.test(this.#rest)) return { type: "several", paths: this.#quoted() };
    const text = this.#take(INDEX)?.[0].trim() ?? "";
    if (text === "") throw this.#refusal("an index is missing");
    return { type: "index", text };
  }

  #quoted(): readonly (readonly Segment[])[] {
    const paths: (readonly Segment[])[] = [];
    do {
      this.#take(SPACE);
      const found = this.#take(QUOTED);
      if (found === undefined) throw this.#refusal("a name in quotes is missing");
      paths.push(new PathReader(`.${found[1] ?? found[2] ?? ""}`).segments());
      this.#take(SPACE);
    } while (this.#skip(","));
    return paths;
  }

  /** What stands between the parentheses. */
  #filter(): string {
    if (this.#take(FILTER_BEGINS) === undefined) throw this.#refusal("a filter is written [?(…)]");
    let depth = 1;
    for (const { 0: piece, index } of this.#rest.matchAll(IN_FILTER)) {
      depth += piece === "(" ? 1 : piece === ")" ? -1 : 0;
      if (depth > 0) continue;
      const text = this.#rest.slice(0, index);
      this.#at += index + 1;
      return text;
    }
    throw this.#refusal("a filter does not end");
  }

  get #rest(): string {
    return this.#text.slice(this.#at);
  }

  #skip(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  #refusal(reason: string): ParseError {
    const at = this.#rest === "" ? "at its end" : `at ${JSON.stringify(this.#rest)}`;
    return new ParseError(`${JSON.stringify(this.#text)} is no path: ${reason}, ${at}`);
  }
}
