import { expect, onTestFinished } from "vitest";
import {
  KrmClient,
  type KrmClientError,
  type KrmClientOptions,
  type WatchEvent,
  type WatchOptions,
} from "../../src/index.ts";
import { type SteppedTiming, steppedTiming } from "./stepped-timing.ts";
import { bookmark, change, pod, type WatchRequest, type WatchServer, watchServer } from "./watch-server.ts";

interface Pod {
  readonly metadata: { readonly name: string };
}

/** A watch of pods that begins with the first `next`, in time that stands still. */
export interface Watched {
  readonly server: WatchServer;
  readonly timing: SteppedTiming;
  readonly events: AsyncIterator<WatchEvent<Pod>>;
  /** The next event in a word or two. */
  next(): Promise<string>;
  readonly retried: readonly [KrmClientError, number][];
}

/** Makes one. */
export function watched(options: WatchOptions = {}, how: Partial<KrmClientOptions> = {}): Watched {
  const server = watchServer();
  const timing = steppedTiming();
  const client = new KrmClient({ url: "https://krm.invalid/at", fetch: server.fetch, timing, ...how });
  const retried: [KrmClientError, number][] = [];
  const onRetry = (error: KrmClientError, delayMs: number): void => void retried.push([error, delayMs]);
  const events = client.watch<Pod>("pods", { as: "json", onRetry, ...options })[Symbol.asyncIterator]();
  onTestFinished(async () => void (await events.return?.()));
  const next = async (): Promise<string> => {
    const { done, value } = await events.next();
    return done === true ? "done" : text(value);
  };
  return { server, timing, events, next, retried };
}

/** A watch that has told one pod, at version 10. */
export async function following(
  options: WatchOptions = {},
  how: Partial<KrmClientOptions> = {},
): Promise<Watched & { readonly request: WatchRequest }> {
  const made = watched(options, how);
  const reset = made.next();
  const request = await made.server.next();
  request.answer(change("ADDED", pod("a", "3")), bookmark("10", true));
  expect([await reset, await made.next(), await made.next()]).toEqual(["reset start", "added a@3", "synced 10"]);
  return { ...made, request };
}

/** What a request asks for. */
export function query(url: URL): Record<string, string> {
  return Object.fromEntries(url.searchParams);
}

function text(event: WatchEvent<Pod>): string {
  if (event.type === "reset") return `reset ${event.reason}`;
  if (event.type === "synced" || event.type === "bookmark") return `${event.type} ${event.resourceVersion}`;
  return `${event.type} ${event.object.metadata.name}@${event.resourceVersion}`;
}
