import {
  decodeObject,
  DEPLOYMENTS,
  EMPTY_LEDGER,
  NO_VIEW,
  parseResourceVersion,
  type PersistedView,
  PODS,
  type Scope,
  scopeId,
  type StoredObject,
  type ViewChange,
  type ViewCommit,
} from "@krm/core";
import type { SeededRandom } from "@krm/testkit";

/** The scopes that random histories write to. */
export const SCOPES: readonly Scope[] = [
  { resource: PODS },
  { resource: PODS, namespace: "a" },
  { resource: DEPLOYMENTS },
];

/** A commit, and where. */
export interface ScopedCommit {
  readonly scope: Scope;
  readonly commit: ViewCommit;
}

/** An object of so many bytes, about. */
export function podObject(name: string, version: number, size = 0): StoredObject {
  const metadata = { name, namespace: "team-a", uid: `uid-${name}`, resourceVersion: String(version) };
  return decodeObject(Buffer.from(JSON.stringify({ metadata, pad: `ż😀"${"x".repeat(size)}` })));
}

/** A change that sets it. */
export function setObject(object: StoredObject): ViewChange {
  return { type: "set", object, previous: undefined, origin: "stream", observedAt: 1000 };
}

/** A change that removes it. */
export function removeObject({ key, uid, resourceVersion }: StoredObject): ViewChange {
  return { type: "removed", key, uid, resourceVersion, finalState: "unknown", origin: "list", observedAt: 1000 };
}

/** A commit of these changes at a version. */
export function commitAt(version: number, ...changes: readonly ViewChange[]): ViewCommit {
  const streamedThrough = parseResourceVersion(String(version));
  return { changes, meta: { ...NO_VIEW, version: String(version), streamedThrough, lastContact: version } };
}

/** A commit as it may come: none to some changes, the same key twice, with a ledger or without. */
export function randomCommit(random: SeededRandom, version: number): ScopedCommit {
  const changes = Array.from({ length: random.pick([0, 0, 1, 1, 2, 5]) }, () => {
    const object = podObject(`o${random.integer(0, 5)}`, version, random.pick([0, 10, 300]));
    return random.chance(0.7) ? setObject(object) : removeObject(object);
  });
  const ledger = random.chance(0.3) ? { ...EMPTY_LEDGER, resynced: version } : undefined;
  return { scope: random.pick(SCOPES), commit: { ...commitAt(version, ...changes), ledger } };
}

/** What a store must hold: the reference for what is loaded. */
export class Model {
  readonly #views: ReadonlyMap<string, PersistedView>;

  constructor(views: ReadonlyMap<string, PersistedView> = new Map()) {
    this.#views = views;
  }

  /** The state after a commit; this one stays what it is. */
  after({ scope, commit }: ScopedCommit): Model {
    const before = this.#views.get(scopeId(scope));
    const objects = new Map(before?.objects.map((object) => [object.key, object]));
    for (const change of commit.changes) {
      if (change.type === "set") objects.set(change.object.key, change.object);
      else objects.delete(change.key);
    }
    const { meta, ledger = before?.ledger } = commit;
    return new Model(new Map(this.#views).set(scopeId(scope), { meta, ledger, objects: [...objects.values()] }));
  }

  /** All of it as text, to be compared. */
  get text(): string {
    return SCOPES.map((scope) => viewText(this.#views.get(scopeId(scope)))).join("\n");
  }
}

/** A view as text: the same for the same view. */
export function viewText(view: PersistedView | undefined): string {
  if (view === undefined) return "none";
  const objects = view.objects.map(({ key, bytes }) => `${key} ${Buffer.from(bytes).toString("latin1")}`).toSorted();
  return JSON.stringify({ meta: view.meta, ledger: view.ledger, objects });
}
