import { parseResourceVersion } from "@krm/core";
import { ClusterSource, type SourceRequest } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { create, remove, listed, smallCluster, refusal, SCOPE, sourceOf, touch } from "../support/in-process.ts";

describe("a list at a version", () => {
  it("shows exactly the state at that version, on every page", async () => {
    const cluster = smallCluster();
    const at = cluster.version;
    touch(cluster, "a");
    remove(cluster, "b");
    create(cluster, "d");
    const source = sourceOf(cluster);
    expect(await listed(source, { resourceVersion: at, match: "Exact" })).toEqual(["a@5", "b@6", "c@7"]);
    const first = await source.list({ resourceVersion: at, match: "Exact", limit: 2 });
    create(cluster, "e");
    const second = await source.list({ limit: 2, continue: first.continue });
    expect(first).toMatchObject({ resourceVersion: at, remainingItemCount: 1 });
    expect(second).toMatchObject({ resourceVersion: at, continue: undefined, remainingItemCount: undefined });
    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  it("is not older than asked, and refused where it would be", async () => {
    const cluster = smallCluster();
    const source = sourceOf(cluster);
    touch(cluster, "a");
    const fresh = await source.list({ resourceVersion: "6", match: "NotOlderThan" });
    expect(fresh.resourceVersion).toBe(cluster.version);
    const ahead = String(BigInt(cluster.version) + 1n);
    for (const match of ["Exact", "NotOlderThan"] as const) {
      expect(await refusal(source.list({ resourceVersion: ahead, match }))).toEqual({
        code: 504,
        reason: "Timeout",
        message: `Timeout: Too large resource version: ${ahead}, current: ${cluster.version}`,
        retryAfterSeconds: 1,
      });
    }
  });

  it("is expired once it is compacted", async () => {
    const cluster = smallCluster();
    const at = cluster.version;
    const source = sourceOf(cluster);
    const { continue: token } = await source.list({ limit: 1 });
    touch(cluster, "a");
    cluster.compact();
    const exact = source.list({ resourceVersion: at, match: "Exact" });
    expect(await refusal(exact)).toMatchObject({ code: 410, reason: "Expired" });
    expect(await refusal(source.list({ continue: token }))).toMatchObject({ code: 410, reason: "Expired" });
  });

  it("refuses what the API server refuses", async () => {
    const source = sourceOf(smallCluster());
    const { continue: token } = await source.list({ limit: 1 });
    expect(await refusal(source.list({ continue: token, resourceVersion: "7", match: "Exact" }))).toMatchObject({
      code: 422,
    });
    expect(await refusal(source.list({ continue: token, resourceVersion: "7" }))).toMatchObject({ code: 400 });
    expect(await refusal(source.list({ resourceVersion: "0", match: "Exact" }))).toMatchObject({ code: 422 });
  });

  it("has no pages where any state will do", async () => {
    const page = await sourceOf(smallCluster()).list({ resourceVersion: "0", limit: 1 });
    expect(page).toMatchObject({ continue: undefined, items: [{ name: "a" }, { name: "b" }, { name: "c" }] });
  });
});

describe("a list of metadata", () => {
  it("is the same list, without bodies", async () => {
    const cluster = smallCluster();
    const source = sourceOf(cluster);
    const at = cluster.version;
    touch(cluster, "a");
    for (const request of [{}, { resourceVersion: at, match: "Exact" }, { limit: 2 }] as const) {
      const whole = await source.list(request);
      const page = await source.listMetadata?.(request);
      expect(page).toMatchObject({ ...whole, items: expect.anything(), bytes: expect.any(Number), metadataOnly: true });
      expect(page?.items).toEqual(whole.items.map(({ key, resourceVersion, uid }) => ({ key, uid, resourceVersion })));
      expect(page?.bytes).toBeLessThan(whole.bytes);
    }
  });

  it("comes whole from a server that does not know the form, or not at all", async () => {
    const cluster = smallCluster();
    const whole = sourceOf(cluster, { metadataLists: "whole" });
    const { bytes } = await whole.list({});
    expect(await whole.listMetadata?.({})).toMatchObject({ metadataOnly: false, bytes });
    expect(sourceOf(cluster, { metadataLists: "absent" }).listMetadata).toBeUndefined();
  });
});

it("requests are counted by verb, and seen before they are answered, a GET with its key", async () => {
  const seen: SourceRequest[] = [];
  const cluster = smallCluster();
  const source = new ClusterSource({ cluster, beforeRequest: (asked) => void seen.push(asked) });
  const listWatch = source.listWatch(SCOPE);
  const exact = { resourceVersion: "7", match: "Exact" } as const;
  const watch = { resourceVersion: parseResourceVersion("7"), timeoutSeconds: 300 };
  await listWatch.list({ limit: 1 });
  await listWatch.listMetadata?.(exact);
  await listWatch.listMetadata?.(exact);
  await listWatch.watch(watch);
  await listWatch.get({ namespace: "default", name: "a" });
  await listWatch.served?.();
  expect(source.requests).toEqual({ list: 1, listMetadata: 2, watch: 1, get: 1, served: 1 });
  expect(seen).toEqual([
    { verb: "list", scope: SCOPE, request: { limit: 1 } },
    { verb: "listMetadata", scope: SCOPE, request: exact },
    { verb: "listMetadata", scope: SCOPE, request: exact },
    { verb: "watch", scope: SCOPE, request: watch },
    { verb: "get", scope: SCOPE, key: { namespace: "default", name: "a" } },
  ]);
});

it("discovery names the resource unless told otherwise", async () => {
  const cluster = smallCluster();
  expect(await sourceOf(cluster).served?.()).toBe(true);
  expect(await sourceOf(cluster, { served: () => false }).served?.()).toBe(false);
  const broken = sourceOf(cluster, { served: async ({ namespace }) => Promise.reject(new Error(namespace)) });
  await expect(broken.served?.()).rejects.toThrow("default");
});
