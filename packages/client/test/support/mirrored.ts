import { setImmediate as nextTurn } from "node:timers/promises";
import type { EventEmitter } from "eventemitter3";
import { expect, onTestFinished } from "vitest";
import {
  KrmClient,
  type KrmClientOptions,
  type Mirror,
  type MirrorEvents,
  type MirrorOptions,
} from "../../src/index.ts";
import { type SteppedTiming, steppedTiming } from "./stepped-timing.ts";
import { bookmark, change, pod, type WatchRequest, type WatchServer, watchServer } from "./watch-server.ts";

/** A pod as these tests look at it. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec?: { readonly nodeName?: string };
}

/** A mirror of pods in time that stands still. */
export interface Mirrored {
  readonly server: WatchServer;
  readonly timing: SteppedTiming;
  readonly client: KrmClient;
  readonly mirror: Mirror<Pod>;
  /** What was told, each in a word or two. */
  readonly told: string[];
  /** Resolves with what is told by this name next. */
  next<Name extends keyof MirrorEvents<Pod>>(name: Name): Promise<EventEmitter.EventArgs<MirrorEvents<Pod>, Name>>;
  /** Lets time pass in small steps until the server is asked for something. */
  asked(): Promise<WatchRequest>;
}

/** Makes one. */
export function mirrored(options: MirrorOptions = {}, how: Partial<KrmClientOptions> = {}): Mirrored {
  const server = watchServer();
  const timing = steppedTiming();
  const client = new KrmClient({ url: "https://krm.invalid/at", fetch: server.fetch, timing, ...how });
  const mirror = client.mirror<Pod>("pods", { as: "json", ...options });
  onTestFinished(async () => mirror.close());
  const told: string[] = [];
  const text = ({ metadata }: Pod): string => `${metadata.name}@${metadata.resourceVersion}`;
  mirror.events.on("add", (object) => told.push(`add ${text(object)}`));
  mirror.events.on("update", (object, previous) => told.push(`update ${text(previous)} ${text(object)}`));
  mirror.events.on("delete", (object, how) =>
    told.push(`delete ${text(object)}${how.finalStateUnknown ? " final state unknown" : ""}`),
  );
  mirror.events.on("reset", (reason) => told.push(`reset ${reason}`));
  for (const name of ["synced", "stale", "fresh"] as const)
    mirror.events.on(name, ({ state }) => told.push(name === "stale" ? `stale ${state}` : name));
  return {
    server,
    timing,
    client,
    mirror,
    told,
    next: (name) =>
      new Promise((resolve) => {
        mirror.events.once(name, (...told) => resolve(told));
      }),
    asked: () => nextAsked(server, timing),
  };
}

/** Lets time pass in small steps until a server is asked for something. */
export async function nextAsked(server: WatchServer, timing: SteppedTiming): Promise<WatchRequest> {
  let request: WatchRequest | undefined;
  void server.next().then((next) => (request = next));
  for (let turns = 0; turns < 1000; turns++) {
    await nextTurn();
    if (request !== undefined) return request;
    timing.advance(100);
  }
  throw new Error("nothing was asked");
}

/** A mirror that follows, with a pod at version 3 in a set of version 10. */
export async function following(
  options: MirrorOptions = {},
  how: Partial<KrmClientOptions> = {},
): Promise<Mirrored & { readonly request: WatchRequest }> {
  const made = mirrored(options, how);
  const request = await made.server.next();
  request.answer(change("ADDED", pod("a", "3")), bookmark("10", true));
  await made.mirror.synced();
  expect(made.told).toEqual(["reset start", "add a@3", "synced"]);
  made.told.length = 0;
  return { ...made, request };
}

/** What something fails with. */
export function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error,
  );
}

/** Sends frames, and resolves when the mirror has taken them. */
export async function say(request: WatchRequest, ...frames: readonly object[]): Promise<void> {
  await request.untilAwaited();
  request.send(...frames);
  await request.untilAwaited();
}

/** The names and versions that a mirror shows, in order. */
export function shown(mirror: Iterable<Pod>): readonly string[] {
  return [...mirror].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).toSorted();
}
