// A replica against random histories of its source: commits small and large, resets, outages, feeds that are cut short.
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  MemoryStore,
  PODS,
  ReplicaStore,
  type ScopeStore,
  type StoredObject,
  type ViewChange,
  type ViewMeta,
} from "@krm/core";
import { ManualClock, SeededRandom, type WritableScope } from "@krm/testkit";
import { expect, test } from "vitest";
import { metaAt, object, removed, set, shown, writer } from "./written.ts";
import { UnreliableStore } from "./unreliable-store.ts";

const SEEDS = 60;
const STEPS = 60;
const SCOPE = { resource: PODS };

/** A cluster's history as commits to a store, and all states that readers may see. */
class History {
  readonly #to: WritableScope;
  readonly #random: SeededRandom;
  readonly #alive = new Map<string, StoredObject>();
  #version = 10;
  #epoch = 0;
  /** Every committed state, as text. */
  readonly states = new Set<string>();

  constructor(to: WritableScope, random: SeededRandom) {
    this.#to = to;
    this.#random = random;
  }

  async step(): Promise<void> {
    const random = this.#random;
    const reset = random.chance(0.03);
    if (reset) {
      this.#epoch++;
      this.#version = random.integer(5, 20);
    }
    const size = random.chance(0.1) ? 600 : random.integer(0, 4);
    const changes = Array.from({ length: size }, () => this.#change());
    this.#version++;
    const meta = metaAt(this.#version, { epoch: this.#epoch, lastContact: random.integer(0, 1_000_000) });
    await this.#to.commit({ changes, meta, reset });
    this.states.add(await state(this.#to.store));
  }

  #change(): ViewChange {
    const random = this.#random;
    const name = "o".repeat(random.integer(1, 12)) + String(random.integer(0, 40));
    const known = this.#alive.get(name);
    this.#version++;
    if (known !== undefined && random.chance(0.4)) {
      this.#alive.delete(name);
      return removed(known, this.#version);
    }
    const uid = known === undefined || random.chance(0.1) ? `u${this.#version}` : known.uid;
    const one = object(name, this.#version, uid);
    this.#alive.set(name, one);
    return set(one);
  }
}

/** What one read shows: everything of the meta but the cursor, and every object. */
async function state(scope: ScopeStore): Promise<string> {
  const { meta, objects } = await scope.read();
  return told(meta, shown(objects));
}

function told(meta: ViewMeta, objects: readonly string[]): string {
  return JSON.stringify([{ ...meta, cursor: "" }, objects]);
}

/** A reader of a feed: replays it onto what it has read, and holds every moment that it is told of against the states. */
class Follower {
  readonly objects = new Map<string, string>();
  cursor = "";
  resets = 0;
  readonly #scope: ScopeStore;
  readonly #check: (state: string) => void;

  constructor(scope: ScopeStore, check: (state: string) => void) {
    this.#scope = scope;
    this.#check = check;
  }

  /** Begins with a read. */
  async read(): Promise<void> {
    const { meta, objects } = await this.#scope.read();
    this.objects.clear();
    for (const text of shown(objects)) this.objects.set(text.slice(0, text.indexOf(" ")), text);
    this.cursor = meta.cursor;
  }

  /** A reader that stands where this one does now. */
  copy(): Follower {
    const other = new Follower(this.#scope, this.#check);
    for (const [key, text] of this.objects) other.objects.set(key, text);
    other.cursor = this.cursor;
    return other;
  }

  async follow(signal: AbortSignal): Promise<void> {
    for (;;) {
      let reset = false;
      for await (const batch of this.#scope.changes({ since: this.cursor, signal })) {
        if (batch.type === "reset") {
          reset = true;
          break;
        }
        for (const { change, cursor } of batch.entries) {
          this.cursor = cursor;
          if (change.type === "removed") this.objects.delete(change.key);
          else this.objects.set(change.object.key, shown([change.object])[0] ?? "");
        }
        if (batch.meta === undefined) continue;
        this.cursor = batch.meta.cursor;
        const texts = [...this.objects].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
        this.#check(told(batch.meta, texts));
      }
      if (!reset) return;
      this.resets++;
      await this.read();
    }
  }
}

test(
  `over ${SEEDS} random histories a replica shows nothing but committed states, and its feed has no gap`,
  { timeout: 120_000 },
  async () => {
    const seen = { resets: 0, resumed: 0, states: 0, reads: 0 };
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = new SeededRandom(seed);
      const clock = new ManualClock();
      const inner = new MemoryStore({ feed: { entries: random.chance(0.5) ? 40 : 4096, bytes: 1_000_000 } });
      await using source = new UnreliableStore(inner);
      const history = new History(writer(inner, SCOPE), random);
      await history.step();
      const feed = random.chance(0.5) ? { entries: 60, bytes: 1_000_000 } : undefined;
      await using replica = new ReplicaStore({
        source,
        clock,
        random: () => random.next(),
        ...(feed && { feed }),
      }).start();
      const scope = replica.scope(SCOPE);
      const none = await state(scope);
      const check = (one: string, what: string): void => {
        if (!history.states.has(one) && one !== none)
          expect(one, `seed ${seed}: ${what} is no committed state`).toBe("");
      };
      const stop = new AbortController();
      const following: Promise<void>[] = [];
      const followers: Follower[] = [];
      const begin = (follower: Follower): void => {
        followers.push(follower);
        following.push(follower.follow(stop.signal));
      };
      const live = new Follower(scope, (one) => check(one, "what the feed leads to"));
      await live.read();
      begin(live);
      const old: Follower[] = [];
      let away = false;
      for (let step = 0; step < STEPS; step++) {
        await history.step();
        if (random.chance(0.1)) {
          if (away) source.back();
          else source.leave();
          away = !away;
        }
        if (random.chance(0.2)) old.push(live.copy());
        if (random.chance(0.1) && old.length > 0) begin(random.pick(old).copy());
        if (random.chance(0.7)) await clock.advance(random.integer(0, 700));
        for (let turns = random.integer(0, 5); turns > 0; turns--) await nextTurn();
        check(await state(scope), "what a read shows");
        seen.reads++;
      }
      if (away) source.back();
      const last = await state(inner.scope(SCOPE));
      for (let turns = 0; turns < 20 && (await state(scope)) !== last; turns++) await clock.advance(1000);
      expect(await state(scope), `seed ${seed}: the replica does not get to the end`).toBe(last);
      const { cursor } = await inner.scope(SCOPE).meta();
      if (!(await scope.cursor()).startsWith(`${cursor}~`)) expect(await scope.cursor(), `seed ${seed}`).toBe(cursor);
      for (const one of old) begin(one);
      for (let turns = 0; turns < 50; turns++) await nextTurn();
      const whole = shown((await scope.read()).objects).toSorted();
      for (const follower of followers) {
        expect([...follower.objects.values()].toSorted(), `seed ${seed}: a reader of the feed has a gap`).toEqual(
          whole,
        );
        seen.resets += follower.resets;
      }
      seen.resumed += followers.length;
      seen.states += history.states.size;
      stop.abort();
      await Promise.all(following);
    }
    // The histories put to the test what they are meant to.
    expect(seen.resets).toBeGreaterThan(SEEDS / 2);
    expect(seen.resumed).toBeGreaterThan(SEEDS * 3);
  },
);
