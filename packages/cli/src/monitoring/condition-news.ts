/** How something is, as far as it is told. */
export type Condition = Lasting | Passing;

/** A condition that says nothing new: on the way from one to another, which may well be the same again. */
interface Passing {
  readonly id: string;
  readonly key: undefined;
}

/** A condition that is told once. */
export interface Lasting {
  /** Whose condition it is: told again when its key changes. */
  readonly id: string;
  readonly scope: string;
  /** How the line names it. */
  readonly name: string;
  /** What of it counts: those with one key are told in one line. After `a/b`, `a` is no change. */
  readonly key: string;
  readonly level: "info" | "warn";
  readonly text: string;
  /** The same for programs that read the log. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** One line about scopes whose condition changed in the same way. */
export interface News {
  readonly level: "info" | "warn";
  readonly text: string;
  readonly about: Readonly<Record<string, unknown>> & { readonly scopes: readonly string[] };
}

/** How news are put. */
export interface NewsOptions {
  /** What counts as told of those that are seen for the first time. */
  readonly before?: string | undefined;
  /** Each condition in a line of its own, also where several changed alike. */
  readonly each?: boolean | undefined;
}

/** The keys that were told last, by id. */
export type Told = ReadonlyMap<string, string>;

/**
 * What is new since it was told last. Pure. Who is not mentioned any more is forgotten, and told anew when it is back.
 */
export function newsOf(
  conditions: readonly Condition[],
  told: Told,
  { before = "", each = false }: NewsOptions = {},
): { readonly news: readonly News[]; readonly told: Told } {
  const now = new Map<string, string>();
  const groups = new Map<string, Lasting[]>();
  for (const condition of conditions) {
    const last = told.get(condition.id) ?? before;
    const { key } = condition;
    // While something is tried again, its error (or the hint) is not there for a moment: that alone is no change.
    const same = key === undefined || key === last || last.startsWith(`${key}/`);
    now.set(condition.id, same ? last : key);
    if (same) continue;
    const line = each ? `${key} ${condition.id}` : key;
    const group = groups.get(line);
    if (group === undefined) groups.set(line, [condition]);
    else group.push(condition);
  }
  return { news: [...groups.values()].flatMap(newsOfGroup), told: now };
}

function newsOfGroup(group: readonly Lasting[]): readonly News[] {
  const [first] = group;
  if (first === undefined) return [];
  const { level, text, about } = first;
  const names = group.map(({ name }) => name);
  return [
    { level, text: `${names.join(", ")}: ${text}`, about: { ...about, scopes: group.map(({ scope }) => scope) } },
  ];
}
