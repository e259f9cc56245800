import {
  type CommittedMeta,
  PODS,
  type ResourceVersion,
  type Store,
  type StoredObject,
  type ViewChange,
} from "@krm/core";
import type { SeededRandom, WritableScope } from "@krm/testkit";
import type { Scopes } from "../../src/view/catalog.ts";
import { writer } from "../support/fixtures.ts";
import { commit, removed, set, thing } from "./support.ts";

interface LaggingScope {
  readonly namespace: string;
  readonly to: WritableScope;
  /** What the cluster has, by name. */
  readonly truth: Map<string, StoredObject>;
  /** What the view has. */
  readonly view: Map<string, StoredObject>;
  /** Events on their way. */
  readonly queue: ViewChange[];
  /** Names of which an event was lost on its way, and its version. */
  readonly lost: Map<string, bigint>;
  version: bigint;
  meta: Partial<CommittedMeta>;
}

/** Namespaces of one cluster with one counter of versions, each of which is told at its own pace, and loses events. */
export class LaggingScopes {
  readonly scopes: Scopes;
  /** Key and version of what repairs told. */
  readonly repaired = new Set<string>();
  readonly #random: SeededRandom;
  readonly #scopes: readonly LaggingScope[];
  readonly #lost: number;
  #version = 100n;
  #lives = 0;

  constructor(store: Store, namespaces: readonly [string, ...string[]], random: SeededRandom, lost: number) {
    const scopeOf = (namespace: string): Scopes[0] => ({ resource: PODS, namespace });
    const [first, ...others] = namespaces;
    this.scopes = [scopeOf(first), ...others.map(scopeOf)];
    this.#random = random;
    this.#lost = lost;
    this.#scopes = namespaces.map((namespace) => ({
      namespace,
      to: writer(store, scopeOf(namespace)),
      truth: new Map(),
      view: new Map(),
      queue: [],
      lost: new Map(),
      version: 0n,
      meta: {},
    }));
  }

  async step(): Promise<void> {
    const random = this.#random;
    const scope = random.pick(this.#scopes);
    const what = random.integer(0, 9);
    if (what < 5) this.#write(scope);
    else if (what < 8) await this.#deliver(scope, random.integer(1, 3));
    else if (what < 9) await this.#bookmark(scope);
    else await this.#repair(scope);
  }

  /** Everything that is on its way arrives, and everything that was lost is found. */
  async catchUp(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      this.#version++;
      for (const scope of this.#scopes) {
        await this.#deliver(scope, Infinity);
        await this.#bookmark(scope);
        await this.#repair(scope);
      }
    }
  }

  #write(scope: LaggingScope): void {
    const random = this.#random;
    this.#version += BigInt(random.integer(1, 3));
    const name = `p${random.integer(0, 4)}`;
    const path = `${scope.namespace}/${name}`;
    const before = scope.truth.get(name);
    const version = this.#version;
    const labels = { app: random.pick(["web", "db"]) };
    const isDeleted = before !== undefined && random.chance(0.3);
    const life = before?.uid.split("-").at(-1) ?? String(++this.#lives);
    const object = thing(path, String(version), isDeleted ? before.labels : labels, life);
    if (isDeleted) scope.truth.delete(name);
    else scope.truth.set(name, object);
    if (random.chance(this.#lost)) scope.lost.set(name, version);
    else {
      scope.lost.delete(name);
      scope.queue.push(isDeleted ? removed(before, Number(version), object) : set(object));
    }
  }

  async #deliver(scope: LaggingScope, count: number): Promise<void> {
    const changes = scope.queue.splice(0, count);
    const last = changes.at(-1);
    if (last === undefined) return;
    const version = last.type === "set" ? last.object.resourceVersion : last.resourceVersion;
    await this.#commit(scope, BigInt(version), changes);
  }

  async #bookmark(scope: LaggingScope): Promise<void> {
    if (scope.queue.length === 0) await this.#commit(scope, this.#version, []);
  }

  /** What was lost before the version of the view is put right under the same version (law 10). */
  async #repair(scope: LaggingScope): Promise<void> {
    const changes: ViewChange[] = [];
    for (const [name, version] of scope.lost) {
      if (version > scope.version || scope.queue.some((change) => nameOf(change) === name)) continue;
      scope.lost.delete(name);
      const [shown, actual] = [scope.view.get(name), scope.truth.get(name)];
      if (actual !== undefined) changes.push(set(actual, "repair"));
      else if (shown !== undefined) changes.push(removed(shown, Number(scope.version)));
      for (const back of [0n, 1n])
        this.repaired.add(`${scope.namespace}/${name}@${BigInt(actual?.resourceVersion ?? scope.version) - back}`);
    }
    if (changes.length > 0) await this.#commit(scope, scope.version, changes, { repairPending: true });
  }

  async #commit(
    scope: LaggingScope,
    version: bigint,
    changes: readonly ViewChange[],
    meta: Partial<CommittedMeta> = {},
  ): Promise<void> {
    if (version > scope.version && scope.meta.repairPending === true)
      scope.meta = { resumeFloor: String(version) as ResourceVersion, repairPending: false };
    scope.meta = { ...scope.meta, ...meta };
    scope.version = version;
    for (const change of changes) {
      if (change.type === "set") scope.view.set(change.object.name, change.object);
      else scope.view.delete(nameOf(change));
    }
    await scope.to.commit(commit(String(version), changes, scope.meta));
  }
}

function nameOf(change: ViewChange): string {
  const key = change.type === "set" ? change.object.key : change.key;
  return key.slice(key.indexOf("/") + 1);
}
