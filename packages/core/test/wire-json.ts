import * as fc from "fast-check";

/**
 * JSON as it is written, for tests: a tree that keeps the text of every scalar and every name, so that what must come
 * out of the decoder can be said byte for byte without asking it.
 */
export type Tree =
  | { readonly type: "scalar"; readonly text: string }
  | { readonly type: "array"; readonly items: readonly Tree[] }
  | { readonly type: "object"; readonly members: readonly Member[] };

export interface Member {
  readonly name: string;
  /** The name as written: with quotes, perhaps with escapes. */
  readonly text: string;
  readonly value: Tree;
}

export const scalar = (text: string): Tree => ({ type: "scalar", text });
export const member = (name: string, value: Tree): Member => ({ name, text: JSON.stringify(name), value });
export const object = (...members: readonly Member[]): Tree => ({ type: "object", members });

/** As text. `space` gives what stands between two tokens. */
export function render(tree: Tree, space: () => string = () => ""): string {
  switch (tree.type) {
    case "scalar":
      return tree.text;
    case "array":
      return `[${space()}${tree.items.map((item) => space() + render(item, space) + space()).join(",")}]`;
    case "object":
      return `{${space()}${tree.members
        .map((m) => `${space()}${m.text}${space()}:${space()}${render(m.value, space)}${space()}`)
        .join(",")}}`;
    default:
      return tree satisfies never;
  }
}

/** The tree without the members at `paths`. */
export function prune(tree: Tree, paths: readonly (readonly string[])[]): Tree {
  if (tree.type !== "object") return tree;
  const members = tree.members
    .filter((m) => !paths.some((path) => path.length === 1 && path[0] === m.name))
    .map(({ name, text, value }) => {
      const below = paths.filter((path) => path.length > 1 && path[0] === name).map((path) => path.slice(1));
      return { name, text, value: prune(value, below) };
    });
  return { type: "object", members };
}

/** The tokens of a text, with no space between them. */
export function squeeze(text: string): string {
  return (text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g) ?? []).join("");
}

/** Every character that may be written in several ways, written in one of them. */
function spell(text: string, escapes: readonly boolean[]): string {
  let k = 0;
  const written = Array.from(text, (sign) =>
    sign.length === 1 && escapes[k++ % escapes.length]
      ? `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`
      : JSON.stringify(sign).slice(1, -1),
  );
  return `"${written.join("")}"`;
}

const escapes = fc.oneof(
  { weight: 3, arbitrary: fc.constant([false]) },
  fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
);
const signs = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom("\\", '"', "\u2028", "\u0000", "é", "漢", "😀", "a", "}", "{", ","),
    maxLength: 12,
  }),
);

export const anyText: fc.Arbitrary<string> = fc.tuple(signs, escapes).map(([text, how]) => spell(text, how));

/** A member called `name`, spelled in any way. */
export function spelled(name: string, value: Tree): fc.Arbitrary<Member> {
  return escapes.map((how) => ({ name, text: spell(name, how), value }));
}

const scalars = fc.oneof(
  anyText,
  fc.constantFrom(
    "9007199254740993",
    "1.0",
    "1e400",
    "-0",
    "0.10",
    "1E+2",
    "true",
    "false",
    "null",
    '"\\u0000"',
    '"\\/"',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);

/** Names that decoding looks at turn up below the places where it looks, too. */
const names = fc.oneof(
  fc.constantFrom("name", "kind", "metadata", "managedFields", "annotations", "time", "items", "object", "type", "x"),
  fc.string({ maxLength: 6 }),
);

export const anyTree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree; member: Member }>((tie) => ({
  member: fc.tuple(names, escapes, tie("tree")).map(([name, how, value]) => ({ name, text: spell(name, how), value })),
  tree: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    scalars.map(scalar),
    fc.array(tie("tree"), { maxLength: 4 }).map((items): Tree => ({ type: "array", items })),
    fc.array(tie("member"), { maxLength: 4 }).map((members): Tree => ({ type: "object", members })),
  ),
})).tree;

/** White space by `seed`, most often none. */
export function spaces(seed: number): () => string {
  let state = seed | 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const kind = (state >> 16) % 8;
    return kind < 4 ? "" : ([" ", "\t", "\r", " \r \t "][kind - 4] as string);
  };
}

const IDENTITY = ["name", "namespace", "uid", "resourceVersion", "labels", "creationTimestamp", "deletionTimestamp"];
const READ = [...IDENTITY, "deletionGracePeriodSeconds", "managedFields", "annotations"];
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

function together(...each: readonly fc.Arbitrary<Member>[]): fc.Arbitrary<readonly Member[]> {
  return fc.tuple(...each);
}

const shuffled = (list: readonly Member[]): fc.Arbitrary<Tree> =>
  fc
    .shuffledSubarray([...list], { minLength: list.length })
    .map((ordered): Tree => ({ type: "object", members: ordered }));

const others = (taken: readonly string[]): fc.Arbitrary<readonly Member[]> =>
  fc
    .array(fc.tuple(names, anyTree), { maxLength: 4 })
    .map((list) => list.filter(([name]) => !taken.includes(name)).map(([name, value]) => member(name, value)));

const managers = fc.array(fc.tuple(fc.integer({ min: 0, max: 59 }), anyTree), { maxLength: 3 }).map((list): Tree => ({
  type: "array",
  items: list.map(([second, fields]) =>
    object(
      member("time", scalar(`"2026-01-02T03:04:${String(second).padStart(2, "0")}Z"`)),
      member("fieldsV1", fields),
    ),
  ),
}));

const metadata = together(
  spelled("name", scalar('"web-0"')),
  spelled("namespace", scalar('"team-a"')),
  spelled("uid", scalar('"u-1"')),
  spelled("resourceVersion", scalar('"9007199254740993"')),
).chain((identity) =>
  fc
    .tuple(
      others(READ),
      fc.option(managers.chain((value) => spelled("managedFields", value))),
      fc.option(
        fc
          .tuple(others([LAST_APPLIED]), fc.option(anyTree.map((value) => member(LAST_APPLIED, value))))
          .chain(([rest, last]) => shuffled(last === null ? rest : [...rest, last]))
          .map((value) => member("annotations", value)),
      ),
      fc.option(
        fc
          .dictionary(fc.string({ maxLength: 5 }), anyText, { maxKeys: 3 })
          .map((labels) =>
            member("labels", object(...Object.entries(labels).map(([name, text]) => member(name, scalar(text))))),
          ),
      ),
    )
    .chain(([rest, ...optional]) => shuffled([...identity, ...rest, ...optional.filter((one) => one !== null)])),
);

/** A Kubernetes object `team-a/web-0`, with anything else in it, its members in any order. */
export const anyObject: fc.Arbitrary<Tree> = fc
  .tuple(
    metadata.chain((value) => spelled("metadata", value)),
    fc.option(spelled("kind", scalar('"Pod"'))),
    fc.option(spelled("apiVersion", scalar('"v1"'))),
    others(["metadata", "kind", "apiVersion"]),
  )
  .chain(([meta, kind, apiVersion, rest]) =>
    shuffled([meta, ...(kind === null ? [] : [kind]), ...(apiVersion === null ? [] : [apiVersion]), ...rest]),
  );

/** What the default drop paths, and storing, take away. */
export const DEFAULT_CUTS: readonly (readonly string[])[] = [
  ["kind"],
  ["apiVersion"],
  ["metadata", "managedFields"],
  ["metadata", "annotations", LAST_APPLIED],
];
