import type { Buffer } from "node:buffer";
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, SMALL_N, SPACE } from "./json-bytes.ts";
import { expected, JsonSyntaxError, skipSpace, skipValue } from "./json-scan.ts";
import { type Field, FIELDS, MANAGER, type MemberPlan, type NameFound, readName } from "./member-plan.ts";

/** What a scan found: byte ranges in the scanned buffer. A start of -1 says that the member is not there (or null). */
export interface Range {
  start: number;
  end: number;
}

/**
 * One pass over the bytes of one object: checks that they are JSON from the first byte to the last, notes where the
 * members that identify it lie, and which ranges are to be cut out. Used again for the next object; nothing of the
 * bytes is kept.
 */
export class ObjectScan {
  /** Where the members of `metadata` lie; strings without their quotes. */
  readonly fields: Readonly<Record<Field, Range>>;
  /** The newest `managedFields[].time`, without quotes. */
  readonly changed: Range = { start: -1, end: -1 };
  /** Ascending pairs of start and end, not touching each other. */
  readonly cuts: number[] = [];
  #metadata = false;
  readonly #name: NameFound = { member: undefined, valueStart: 0 };

  constructor() {
    const entries = FIELDS.map((field) => [field, { start: -1, end: -1 }] as const);
    this.fields = Object.fromEntries(entries) as Record<Field, Range>;
  }

  /** `at`: at the object. Gives the position after it. Throws {@link JsonSyntaxError}. */
  scan(b: Buffer, at: number, end: number, plan: MemberPlan): number {
    for (const field of FIELDS) this.fields[field].start = -1;
    this.changed.start = -1;
    this.cuts.length = 0;
    this.#metadata = false;
    if (b[at] !== OPEN_BRACE) throw new JsonSyntaxError("not an object", at);
    const after = this.#members(b, at + 1, end, plan);
    if (!this.#metadata) throw new JsonSyntaxError("metadata is missing", at);
    return after;
  }

  /** `at`: after the opening brace of an object. */
  #members(b: Buffer, at: number, end: number, plan: MemberPlan): number {
    let memberStart = at;
    let kept = false;
    let i = skipSpace(b, at, end);
    if (b[i] === CLOSE_BRACE) return i + 1;
    for (;;) {
      readName(plan, b, i, end, this.#name);
      const { member, valueStart } = this.#name;
      i = member === undefined ? skipValue(b, valueStart, end) : this.#member(b, valueStart, end, plan, member);
      if ((b[i] as number) <= SPACE) i = skipSpace(b, i, end);
      const c = b[i];
      if (c !== COMMA && c !== CLOSE_BRACE) throw expected('"," or "}"', b, i, end);
      if (member === undefined || !member.cut) kept = true;
      // A member goes with the comma before it; the first ones, which have none, with the comma behind.
      else if (kept) this.#cut(memberStart - 1, i);
      else this.#cut(memberStart, c === COMMA ? i + 1 : i);
      i++;
      if (c === CLOSE_BRACE) return i;
      memberStart = i;
    }
  }

  #cut(start: number, end: number): void {
    const { cuts } = this;
    if (cuts.length > 0 && cuts[cuts.length - 1] === start) cuts[cuts.length - 1] = end;
    else cuts.push(start, end);
  }

  #member(b: Buffer, at: number, end: number, plan: MemberPlan, member: MemberPlan): number {
    if (member.metadata) {
      if (this.#metadata) throw new JsonSyntaxError("a second metadata", at);
      this.#metadata = true;
      if (b[at] !== OPEN_BRACE) throw new JsonSyntaxError("metadata is not an object", at);
    }
    if (member.field !== undefined) return this.#field(b, at, end, member, member.field);
    if (member.children.length > 0 && b[at] === OPEN_BRACE) return this.#members(b, at + 1, end, member);
    const after = skipValue(b, at, end);
    if (plan === MANAGER && b[at] === QUOTE) this.#newer(b, at + 1, after - 1);
    return after;
  }

  #field(b: Buffer, at: number, end: number, member: MemberPlan, field: Field): number {
    const range = this.fields[field];
    if (range.start !== -1) throw new JsonSyntaxError(`a second metadata.${field}`, at);
    let after: number;
    if (member.items !== undefined && b[at] === OPEN_BRACKET) after = this.#managers(b, at + 1, end);
    else if (member.children.length > 0 && b[at] === OPEN_BRACE) after = this.#members(b, at + 1, end, member);
    else after = skipValue(b, at, end);
    if (b[at] === SMALL_N) return after;
    range.start = at;
    range.end = after;
    return after;
  }

  /** `at`: after the opening bracket of `managedFields`. */
  #managers(b: Buffer, at: number, end: number): number {
    let i = skipSpace(b, at, end);
    if (b[i] === CLOSE_BRACKET) return i + 1;
    for (;;) {
      i = skipSpace(b, i, end);
      i = b[i] === OPEN_BRACE ? this.#members(b, i + 1, end, MANAGER) : skipValue(b, i, end);
      i = skipSpace(b, i, end);
      const c = b[i];
      if (c !== COMMA && c !== CLOSE_BRACKET) throw expected('"," or "]"', b, i, end);
      i++;
      if (c === CLOSE_BRACKET) return i;
    }
  }

  /** The API server writes all of them in one form (UTC, whole seconds), which sorts as text. */
  #newer(b: Buffer, start: number, end: number): void {
    const { changed } = this;
    if (changed.start !== -1 && b.compare(b, changed.start, changed.end, start, end) <= 0) return;
    changed.start = start;
    changed.end = end;
  }
}
