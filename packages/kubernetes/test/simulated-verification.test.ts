import { KubeConfig } from "@kubernetes/client-node";
import {
  KrmError,
  type ListRequest,
  type ListWatch,
  parseResourceVersion,
  PODS,
  type Revision,
  type WatchEvent,
} from "@krm/core";
import { ManualClock, SimApiServer, SimCluster, WIDGETS } from "@krm/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KubernetesSource } from "../src/index.ts";
import { failure } from "./support/test-server.ts";

let clock: ManualClock;
let cluster: SimCluster;
let server: SimApiServer;
let source: KubernetesSource;
let pods: Required<ListWatch>;

beforeEach(async () => {
  clock = new ManualClock();
  cluster = new SimCluster({ clock });
  server = new SimApiServer({ cluster });
  await server.listen();
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(server.kubeconfig());
  source = new KubernetesSource({ kubeConfig });
  pods = source.listWatch({ resource: PODS });
  for (let k = 0; k < 25; k++) createPod(`pod-${String(k).padStart(2, "0")}`);
});

afterEach(async () => {
  await source[Symbol.asyncDispose]();
  await server.close();
});

function createPod(name: string): void {
  cluster.create(PODS, {
    metadata: { name, namespace: "default" },
    spec: { containers: [{ name: "c", image: "c:1" }] },
  });
}

/** Something of everything: a pod more, a pod less, one changed, and one of the same name in another life. */
function change(round: number): void {
  createPod(`later-${round}`);
  cluster.delete(PODS, "default", `pod-0${round}`);
  cluster.patch(PODS, "default", `pod-1${round}`, { metadata: { labels: { round: String(round) } } });
  cluster.delete(PODS, "default", `pod-2${round}`);
  createPod(`pod-2${round}`);
}

function shown({ key, uid, resourceVersion }: Revision): string {
  return `${key} ${uid} ${resourceVersion}`;
}

/** How a call failed: HTTP status, reason, and what it advises. */
async function refusal(work: Promise<unknown>): Promise<unknown> {
  const error = await failure(work);
  if (!KrmError.is(error, "KRM_API_STATUS")) throw error;
  return [error.status?.code, error.status?.reason, error.status?.retryAfterSeconds];
}

async function next(watch: AsyncIterator<readonly WatchEvent[]>): Promise<readonly WatchEvent[]> {
  for (;;) {
    const step = await watch.next();
    if (step.done === true || step.value.length > 0) return step.done === true ? [] : step.value;
  }
}

/** As many events, at least. */
async function take(watch: AsyncIterator<readonly WatchEvent[]>, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  while (events.length < count) events.push(...(await next(watch)));
  return events;
}

describe("a list of metadata from a simulated cluster", () => {
  it("comes in pages, exactly as it was at an old version, while the cluster moves on", async () => {
    const then = await pods.list({});
    for (let round = 0; round < 3; round++) change(round);
    const revisions: Revision[] = [];
    const limit = 10;
    let request: ListRequest = { limit, resourceVersion: then.resourceVersion, match: "Exact" };
    for (let round = 3; ; round++) {
      const page = await pods.listMetadata(request);
      expect([page.resourceVersion, page.metadataOnly]).toEqual([then.resourceVersion, true]);
      revisions.push(...page.items);
      if (page.continue === undefined) break;
      expect(page.items).toHaveLength(limit);
      expect(page.remainingItemCount).toBe(25 - revisions.length);
      request = { limit, continue: page.continue };
      change(round);
    }
    expect(revisions.map(shown)).toEqual(then.items.map(shown));
    const now = await pods.listMetadata({ elsewhere: true });
    expect(now.resourceVersion).toBe(cluster.version);
    expect(now.items.map(shown)).toEqual((await pods.list({})).items.map(shown));
    expect(now.items.map(shown)).not.toEqual(then.items.map(shown));
  });

  it("is a fraction of the bytes", async () => {
    const [whole, metadata] = [await pods.list({}), await pods.listMetadata({})];
    expect(metadata.items.map(shown)).toEqual(whole.items.map(shown));
    expect(metadata.bytes).toBeLessThan(whole.bytes * 0.8);
  });

  it("is gone once its version is compacted, also between two pages", async () => {
    const exact = { limit: 10, resourceVersion: cluster.version, match: "Exact" } as const;
    const first = await pods.listMetadata(exact);
    change(0);
    cluster.compact();
    expect(await refusal(pods.listMetadata(exact))).toEqual([410, "Expired", undefined]);
    expect(await refusal(pods.listMetadata({ limit: 10, continue: first.continue }))).toEqual([
      410,
      "Expired",
      undefined,
    ]);
    expect((await pods.listMetadata({ limit: 10 })).resourceVersion).toBe(cluster.version);
  });

  it("is waited for where its version has yet to come, and then told when to try again", async () => {
    const future = String(BigInt(cluster.version) + 2n);
    const asked = clock.untilSleeping(clock.pending + 1);
    const request = { resourceVersion: future, match: "NotOlderThan" } as const;
    const list = pods.listMetadata(request);
    await asked;
    createPod("one");
    createPod("two");
    expect((await list).resourceVersion).toBe(future);
    const later = { ...request, resourceVersion: `${future}000` };
    for (const late of [
      () => pods.listMetadata(later),
      () => pods.list({ ...later, match: "Exact", elsewhere: true }),
      () =>
        pods.watch({ resourceVersion: parseResourceVersion(`${future}000`), timeoutSeconds: 300, initialEvents: true }),
    ]) {
      const waiting = clock.untilSleeping(clock.pending + 1);
      const refused = refusal(late());
      await waiting;
      await clock.advance(3000);
      expect(await refused).toEqual([504, "Timeout", 1]);
    }
  });

  it("is refused where it asks for what excludes itself", async () => {
    for (const request of [
      { match: "NotOlderThan" },
      { match: "Exact" },
      { match: "Exact", resourceVersion: "0" },
      { match: "Exact", resourceVersion: cluster.version, continue: (await pods.list({ limit: 1 })).continue },
    ] as const) {
      expect(await refusal(pods.listMetadata(request))).toEqual([422, "Invalid", undefined]);
      expect(await refusal(pods.list(request))).toEqual([422, "Invalid", undefined]);
    }
    expect(await refusal(pods.listMetadata({ resourceVersion: "x" }))).toEqual([400, "BadRequest", undefined]);
  });

  it("is told where the server offers no form that was asked for", async () => {
    const path = "/api/v1/pods";
    for (const accept of ["text/html", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"]) {
      const read = source.transport.read({ purpose: "list", path, accept });
      expect(await refusal(read)).toEqual([406, "NotAcceptable", undefined]);
    }
  });
});

describe("a streaming list from a simulated cluster", () => {
  it("brings all that there is, says so, and goes on with what happens", async () => {
    const before = await pods.list({});
    for (const resourceVersion of [
      undefined,
      parseResourceVersion("1"),
      parseResourceVersion(before.resourceVersion),
    ]) {
      const watch = await pods.watch({ resourceVersion, timeoutSeconds: 300, initialEvents: true });
      const events = watch[Symbol.asyncIterator]();
      const listed = await pods.list({});
      const initial = await take(events, listed.items.length + 1);
      const objects = initial.flatMap((event) => ("object" in event ? [event.object] : []));
      expect(new Set(initial.slice(0, -1).map(({ type }) => type))).toEqual(new Set(["ADDED"]));
      expect(objects.map(shown).toSorted()).toEqual(listed.items.map(shown).toSorted());
      expect(initial.at(-1)).toEqual({
        type: "BOOKMARK",
        resourceVersion: listed.resourceVersion,
        initialEventsEnd: true,
      });
      const name = `live-${resourceVersion ?? "newest"}`;
      createPod(name);
      cluster.delete(PODS, "default", name);
      const live = await take(events, 3);
      expect(live.map((event) => "object" in event && [event.type, event.object.name])).toEqual([
        ["ADDED", name],
        ["MODIFIED", name],
        ["DELETED", name],
      ]);
      await events.return?.();
    }
  });

  it("gives each object the bytes that a list gives it", async () => {
    const { items } = await pods.list({});
    const watch = await pods.watch({ resourceVersion: undefined, timeoutSeconds: 300, initialEvents: true });
    const initial = await take(watch[Symbol.asyncIterator](), items.length + 1);
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
    const streamed = initial.flatMap((event) => ("object" in event ? [text(event.object.bytes)] : []));
    expect(streamed.toSorted()).toEqual(items.map(({ bytes }) => text(bytes)).toSorted());
  });
});

describe("discovery of a simulated cluster", () => {
  it("tells what is served", async () => {
    const served = (resource: object): Promise<boolean> =>
      source.listWatch({ resource: { ...PODS, ...resource } }).served();
    expect(await served({})).toBe(true);
    expect(await served(WIDGETS)).toBe(true);
    expect(await served({ resource: "nothings" })).toBe(false);
    expect(await served({ group: WIDGETS.group, version: "v99", resource: WIDGETS.resource })).toBe(false);
    expect(await served({ group: "nope.example", version: "v1", resource: "things" })).toBe(false);
    expect(await served({ group: "", version: "v2", resource: "pods" })).toBe(false);
    await server.stop();
    expect(await failure(served({}))).toMatchObject({ code: "KRM_CONNECTION" });
  });
});
