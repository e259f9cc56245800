// Servers that answer from replicas of one store.
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { KrmError, MemoryStore, PODS, ReplicaStore, type Store } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { failure, names, type TestApp, testApp } from "./support/app.ts";
import { fill, metaAt, pod, START } from "./support/fixtures.ts";

const ALL = { resource: PODS };

/** A store that fails while it is away. */
function unreliable(inner: MemoryStore): Store & { away: boolean } {
  const refuse = (): void => {
    if (store.away) throw new KrmError("KRM_STORE_FAILED", "connect ECONNREFUSED 10.0.0.7:6379");
  };
  const store: Store & { away: boolean } = {
    away: false,
    manifest: inner.manifest,
    scopes: async () => {
      refuse();
      return inner.scopes();
    },
    scope: (scope) =>
      new Proxy(inner.scope(scope), {
        get: (target, name) => {
          if (name === "changes") return target.changes.bind(target);
          return async (...args: never[]) => {
            refuse();
            return (target[name as "read"] as (...all: never[]) => unknown).apply(target, args);
          };
        },
      }),
    [Symbol.asyncDispose]: async () => inner[Symbol.asyncDispose](),
  };
  return store;
}

/** A server over a replica of `source`. */
class Replicated implements AsyncDisposable {
  readonly clock = new ManualClock({ now: START });
  readonly replica: ReplicaStore;
  readonly get: TestApp["get"];
  readonly #app: TestApp;

  constructor(source: Store) {
    this.replica = new ReplicaStore({ source, clock: this.clock, random: () => 0 }).start();
    this.#app = testApp({ store: this.replica, clock: this.clock });
    this.get = this.#app.get;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app[Symbol.asyncDispose]();
    await this.replica[Symbol.asyncDispose]();
  }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 30; turns++) await nextTurn();
}

describe("two servers over replicas of one store", () => {
  it("give the same entity tags, and go on with each other's pages", async () => {
    await using store = new MemoryStore();
    await fill(
      store,
      ALL,
      ["a", "b", "c", "d"].map((name) => pod({ name })),
    );
    await using one = new Replicated(store);
    await settle();
    await fill(
      store,
      ALL,
      ["a", "b", "c", "e"].map((name) => pod({ name, version: "101" })),
      metaAt("101"),
    );
    await using other = new Replicated(store);
    await settle();
    const [first, same] = [await one.get("/pods"), await other.get("/pods")];
    expect(same.body).toBe(first.body);
    expect(same.headers.etag).toBe(first.headers.etag);
    expect((await other.get("/pods", { "if-none-match": String(first.headers.etag) })).statusCode).toBe(304);
    const page = await one.get("/pods?limit=3");
    const { metadata } = page.json<{ readonly metadata: { readonly continue: string } }>();
    expect(names(await other.get(`/pods?limit=3&continue=${encodeURIComponent(metadata.continue)}`))).toEqual(["e"]);
  });

  it("wait for a version that the store comes to", async () => {
    await using store = new MemoryStore();
    await fill(store, ALL, [pod({ name: "a" })]);
    await using server = new Replicated(store);
    await settle();
    const answer = server.get("/pods?resourceVersion=105");
    await settle();
    await fill(store, ALL, [pod({ name: "b" })], metaAt("105"));
    expect(names(await answer)).toEqual(["b"]);
  });
});

describe("a server whose store is away", () => {
  it("from the start is not ready, and says why", async () => {
    const store = unreliable(new MemoryStore());
    store.away = true;
    await using server = new Replicated(store);
    await settle();
    const ready = await server.get("/readyz");
    expect([ready.statusCode, ready.body]).toEqual([
      503,
      "[-]store: the store has not answered yet\nreadyz check failed\n",
    ]);
    const answer = await server.get("/pods");
    expect(failure(answer)).toMatchObject({
      code: 503,
      message: "nothing is watched yet: the store has not answered yet",
      causes: ["ViewSyncing"],
    });
    expect(answer.headers["krm-state"]).toBe("syncing");
    expect((await server.get("/livez")).body).toBe("ok");
    store.away = false;
    await server.clock.advance(1000);
    expect((await server.get("/readyz")).body).toBe("[-]store: nothing is watched yet\nreadyz check failed\n");
    expect(failure(await server.get("/pods")).message).toContain("no monitor has written to the store");
  });

  it("later on serves on, with its age, and stays ready", async () => {
    const inner = new MemoryStore();
    const store = unreliable(inner);
    await fill(inner, ALL, [pod({ name: "a" })]);
    await using server = new Replicated(store);
    await settle();
    expect((await server.get("/readyz?verbose")).body).toBe("[+]v1/pods synced\nreadyz check passed\n");
    store.away = true;
    await server.clock.advance(75_000);
    const answer = await server.get("/pods");
    expect(names(answer)).toEqual(["a"]);
    expect(answer.headers["krm-state"]).toBe("stale");
    expect(answer.headers["krm-last-contact"]).toBe("2026-01-01T00:00:00.000Z");
    expect(String(answer.headers["warning"])).toContain("pods: stale, last contact with the API server 1m15s ago");
    const ready = await server.get("/readyz?verbose");
    expect([ready.statusCode, ready.body]).toEqual([
      200,
      "[+]store: the store has not answered for 1m15s\n[+]v1/pods stale\nreadyz check passed\n",
    ]);
    store.away = false;
    await server.clock.advance(2000);
    expect((await server.get("/pods")).headers["krm-state"]).toBe("synced");
  });
});
