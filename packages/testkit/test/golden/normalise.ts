const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
/** A port of a node, given at random as a uid is: in a Service, and in its row of a Table. */
const NODE_PORT = /(?<=\b\d+:)3\d{4}(?=\/(?:TCP|UDP)\b)/g;
const ADDRESS = /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g;

/** Members that describe the binary that answered, not what it answers. */
const BINARY = new Set(["gitCommit", "buildDate", "goVersion", "compiler", "platform"]);

/**
 * One side of the comparison, recorded or replayed: replaces what cannot be the same on both. A uid becomes the number
 * of its first appearance on that side, so that the same object must have the same uid wherever it appears; an address
 * becomes `<ip>`. Versions and times are compared as they are: the replay spends the same versions at the same times.
 */
export class Side {
  readonly #numbers = new Map<string, number>();

  json(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((each) => this.json(each));
    if (typeof value !== "object" || value === null) return value;
    const isVersion = "gitVersion" in value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => name !== "storageVersionHash")
        .map(([name, each]) => [name, this.#member(name, each, isVersion)]),
    );
  }

  text(text: string): string {
    return text
      .replace(UUID, (uid) => `<uid ${this.#number(uid)}>`)
      .replace(ADDRESS, "<ip>")
      .replace(NODE_PORT, "<port>");
  }

  /** A text of the other side, with its uids replaced by this side's of the same numbers. */
  translate(text: string, from: Side): string {
    const own = [...this.#numbers.keys()];
    return text.replace(UUID, (uid) => own[from.#number(uid) - 1] ?? uid);
  }

  #member(name: string, value: unknown, isVersion: boolean): unknown {
    if (isVersion && BINARY.has(name)) return "<binary>";
    return name === "nodePort" ? "<port>" : this.json(value);
  }

  #number(uid: string): number {
    const known = this.#numbers.get(uid);
    if (known !== undefined) return known;
    this.#numbers.set(uid, this.#numbers.size + 1);
    return this.#numbers.size;
  }
}
