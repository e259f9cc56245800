import { Buffer } from "node:buffer";
import { QUOTE, SPACE } from "./json-bytes.ts";
import { expected, skipColon, skipPlain, skipSpace, skipString } from "./json-scan.ts";

/** The members of an object that decoding looks at: what it reads there. */
export const FIELDS = [
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "managedFields",
] as const;

/** A member of `metadata` that decoding reads. */
export type Field = (typeof FIELDS)[number];

/**
 * One node of the tree of member names that decoding looks at: those it reads and those it cuts out. All other members
 * are only checked.
 */
export interface MemberPlan {
  readonly name: string;
  /** The name in UTF-8. */
  readonly bytes: Uint8Array;
  /** The member is cut out of the stored bytes. */
  readonly cut: boolean;
  /** What is read here; undefined: nothing. */
  readonly field: Field | undefined;
  /** `metadata` itself, without which an object has no identity. */
  readonly metadata: boolean;
  /** What is looked at in each item where the member is an array; undefined: nothing. */
  readonly items: MemberPlan | undefined;
  /** By the length of their names in bytes. */
  readonly children: readonly (readonly MemberPlan[] | undefined)[];
}

interface Draft {
  readonly name: string;
  cut: boolean;
  field: Field | undefined;
  metadata: boolean;
  items: MemberPlan | undefined;
  readonly children: Map<string, Draft>;
}

function draft(name: string): Draft {
  return { name, cut: false, field: undefined, metadata: false, items: undefined, children: new Map() };
}

function childOf(node: Draft, name: string): Draft {
  const known = node.children.get(name);
  if (known !== undefined) return known;
  const made = draft(name);
  node.children.set(name, made);
  return made;
}

function freeze(node: Draft): MemberPlan {
  const children: MemberPlan[][] = [];
  // What lies below a member that goes as a whole is not cut once more.
  for (const child of node.cut ? [] : node.children.values()) {
    const plan = freeze(child);
    (children[plan.bytes.length] ??= []).push(plan);
  }
  const { name, cut, field, metadata, items } = node;
  return { name, bytes: Buffer.from(name), cut, field, metadata, items, children };
}

/** The tree for an object of which all that identifies it is noted, and nothing is cut. */
function draftObject(): Draft {
  const root = draft("");
  const metadata = childOf(root, "metadata");
  metadata.metadata = true;
  for (const field of FIELDS) childOf(metadata, field).field = field;
  return root;
}

/** The tree for an object from which `cuts` are dropped, besides its `kind` and `apiVersion`. */
export function planMembers(cuts: readonly (readonly string[])[]): MemberPlan {
  const root = draftObject();
  childOf(root, "kind").cut = true;
  childOf(root, "apiVersion").cut = true;
  childOf(childOf(root, "metadata"), "managedFields").items = MANAGER;
  for (const path of cuts) {
    let node = root;
    for (const segment of path) node = childOf(node, segment);
    node.cut = true;
  }
  return freeze(root);
}

/** A node for names that a caller tells apart by identity. */
export function planNames(...names: readonly string[]): MemberPlan {
  return freeze({ ...draft(""), children: new Map(names.map((name) => [name, draft(name)])) });
}

/** What is looked at in one of `managedFields`. */
export const MANAGER: MemberPlan = planNames("time");

/** The tree for an object of which nothing is kept but what identifies it. */
export const IDENTITY: MemberPlan = freeze(draftObject());

/** A member's name, read: which of the plan's members it is, if any, and where its value starts. */
export interface NameFound {
  member: MemberPlan | undefined;
  valueStart: number;
}

/**
 * Reads the name of a member, with the colon and the white space around it. `at`: at its quote, or white space before.
 * The answer goes into `found`.
 */
export function readName(plan: MemberPlan, b: Buffer, at: number, end: number, found: NameFound): void {
  let i = at;
  if ((b[i] as number) <= SPACE) i = skipSpace(b, i, end);
  if (b[i] !== QUOTE) throw expected("a member's name", b, i, end);
  const start = i + 1;
  i = skipPlain(b, start, end);
  if (i < end && b[i] === QUOTE) {
    found.member = findPlain(plan.children[i - start], b, start);
    i++;
  } else {
    i = skipString(b, i, end);
    found.member = findEscaped(plan, JSON.parse(b.toString("utf8", start - 1, i)));
  }
  i = skipColon(b, i, end);
  found.valueStart = (b[i] as number) <= SPACE ? skipSpace(b, i, end) : i;
}

function findPlain(named: readonly MemberPlan[] | undefined, b: Uint8Array, start: number): MemberPlan | undefined {
  if (named === undefined) return undefined;
  next: for (const child of named) {
    const { bytes } = child;
    for (let k = 0; k < bytes.length; k++) if (bytes[k] !== b[start + k]) continue next;
    return child;
  }
  return undefined;
}

/** A name may be written with escapes: `"\u006dame"` is a `name` too. */
function findEscaped(plan: MemberPlan, name: unknown): MemberPlan | undefined {
  for (const named of plan.children) {
    for (const child of named ?? []) if (child.name === name) return child;
  }
  return undefined;
}
