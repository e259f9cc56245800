import { NODES, PODS } from "@krm/core";
import { describe, expect, it } from "vitest";
import { failure, names, testApp } from "../support/app.ts";
import { blocked, fill, metaAt, object, pod, streamerReport, writer } from "../support/fixtures.ts";

const ALL = { resource: PODS };

describe("trust", () => {
  it("is told on lists, objects and their errors, and not elsewhere", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    for (const path of [
      "/api/v1/pods",
      "/api/v1/namespaces/team-a/pods/a",
      "/api/v1/namespaces/team-a/pods/none",
      "/api/v1/namespaces/team-a/pods/a/status",
      "/api/v1/pods?limit=x",
      "/api/v1/pods?fieldSelector=spec.nope%3D1",
      "/api/v1/pods?continue=x",
      "/api/v1/pods?resourceVersion=1&resourceVersionMatch=Exact",
    ]) {
      const response = await test.get(path);
      expect([path, response.headers["krm-state"]]).toEqual([path, "synced"]);
      expect(response.headers["krm-streamed-through"]).toBe("100");
    }
    for (const path of ["/api", "/apis", "/api/v1", "/version", "/api/v1/nothings"])
      expect((await test.get(path)).headers["krm-state"]).toBeUndefined();
  });

  it("is told as a watch begins", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    const response = await test.app.inject({ url: "/api/v1/pods?watch=1", payloadAsStream: true });
    expect([response.statusCode, response.headers["krm-state"]]).toEqual([200, "synced"]);
    response.stream().destroy();
  });

  it("of a stale view is a warning, in the words that kubectl prints", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await test.clock.advance(200_000);
    for (const path of ["/api/v1/pods", "/api/v1/namespaces/team-a/pods/none"]) {
      const response = await test.get(path);
      expect(response.headers["krm-state"]).toBe("stale");
      expect(response.headers["warning"]).toEqual([
        '299 krm "pods: stale, last contact with the API server 3m20s ago"',
      ]);
    }
  });

  it("is none before the first list: 503", async () => {
    await using test = testApp({ scopes: [ALL] });
    await fill(test.store, { resource: NODES }, []);
    for (const path of ["/api/v1/pods", "/api/v1/namespaces/team-a/pods/a"]) {
      const response = await test.get(path);
      expect(failure(response)).toMatchObject({ code: 503, reason: "ServiceUnavailable", causes: ["ViewSyncing"] });
      expect(response.headers["krm-state"]).toBe("syncing");
      expect(response.headers["retry-after"]).toBe("1");
    }
    expect((await test.get("/api/v1")).json<{ resources: { name: string }[] }>().resources).toMatchObject([
      { name: "nodes" },
      { name: "pods" },
    ]);
  });

  it("is none where the API server refuses KRM: 503", async () => {
    await using test = testApp();
    await writer(test.store, ALL).report("streamer", streamerReport({ state: blocked("forbidden", 403) }));
    const response = await test.get("/api/v1/pods");
    expect(failure(response)).toMatchObject({ code: 503, causes: ["ViewUnavailable"] });
    expect(response.headers["krm-state"]).toBe("forbidden");
  });

  it("of a namespace that nobody watches is none: 403, and neither an empty list nor the word that nothing is there", async () => {
    await using test = testApp();
    await fill(test.store, { ...ALL, namespace: "team-a" }, [pod({ name: "a" })]);
    await fill(test.store, { ...ALL, namespace: "team-b" }, [pod({ name: "b", namespace: "team-b" })], metaAt("90"));
    const both = await test.get("/api/v1/pods");
    expect(names(both)).toEqual(["a", "b"]);
    expect(both.json()).toMatchObject({ metadata: { resourceVersion: "90" } });
    expect(names(await test.get("/api/v1/namespaces/team-b/pods"))).toEqual(["b"]);
    for (const path of [
      "/api/v1/namespaces/team-c/pods",
      "/api/v1/namespaces/team-c/pods/a",
      "/api/v1/namespaces/team-c/pods?watch=1",
      "/api/v1/pods?fieldSelector=metadata.namespace%3Dteam-c",
      "/api/v1/pods?watch=1&fieldSelector=metadata.namespace%3Dteam-c",
    ])
      expect(failure(await test.get(path))).toEqual({
        code: 403,
        reason: "Forbidden",
        message: 'KRM does not know: pods of namespace "team-c" are not watched here; /status tells which are',
        causes: ["NamespaceNotWatched"],
      });
  });

  it("of a namespace that a field selector names is that of its view alone", async () => {
    await using test = testApp();
    await fill(test.store, { ...ALL, namespace: "team-a" }, [pod({ name: "a" }), pod({ name: "b" })]);
    await fill(test.store, { ...ALL, namespace: "team-b" }, [pod({ name: "c", namespace: "team-b" })], metaAt("90"));
    const url = "/api/v1/pods?limit=1&fieldSelector=metadata.namespace%3Dteam-a";
    const first = await test.get(url);
    expect(names(first)).toEqual(["a"]);
    const { metadata } = first.json<{ metadata: { resourceVersion: string; continue: string } }>();
    expect(metadata.resourceVersion).toBe("100");
    expect(names(await test.get(`${url}&continue=${metadata.continue}`))).toEqual(["b"]);
    // Nothing can be in two namespaces.
    for (const query of ["metadata.namespace=team-a,metadata.namespace=team-b", "metadata.namespace="])
      expect(names(await test.get(`/api/v1/pods?fieldSelector=${encodeURIComponent(query)}`))).toEqual([]);
    const other = "/api/v1/namespaces/team-b/pods?fieldSelector=metadata.namespace%3Dteam-c";
    expect(names(await test.get(other))).toEqual([]);
    expect(names(await test.get("/api/v1/pods?fieldSelector=metadata.namespace!%3Dteam-c"))).toHaveLength(3);
  });

  it("can be demanded to be young, of lists and objects", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await test.clock.advance(60_000);
    expect(failure(await test.get("/api/v1/pods?watch=1&maxStaleness=soon")).code).toBe(400);
    for (const path of ["/api/v1/pods", "/api/v1/namespaces/team-a/pods/a", "/api/v1/namespaces/team-a/pods/none"]) {
      expect((await test.get(`${path}?maxStaleness=1m`)).statusCode).toBe(path.endsWith("none") ? 404 : 200);
      expect(failure(await test.get(`${path}?maxStaleness=soon`))).toMatchObject({
        code: 400,
        causes: ["InvalidParameter"],
      });
      const young = test.get(`${path}?maxStaleness=30s`);
      for (let look = 0; look < 3; look++) {
        await test.clock.untilSleeping();
        await test.clock.advance(1000);
      }
      expect(failure(await young)).toMatchObject({ code: 504, causes: ["ViewTooStale"] });
      await fill(test.store, ALL, [pod({ name: "a" })], metaAt("100", { lastContact: test.clock.now() }));
      await test.clock.advance(60_000);
    }
  });

  it("is asked for by a version, of one object too", async () => {
    await using test = testApp();
    await fill(test.store, { resource: NODES }, [object({ name: "n" })]);
    for (const version of ["", "0", "00", "99", "100"])
      expect((await test.get(`/api/v1/nodes/n?resourceVersion=${version}`)).statusCode).toBe(200);
    expect(failure(await test.get("/api/v1/nodes/n?resourceVersion=abc")).code).toBe(400);
    const early = test.get("/api/v1/nodes/n?resourceVersion=101");
    for (let look = 0; look < 3; look++) {
      await test.clock.untilSleeping();
      await test.clock.advance(1000);
    }
    expect(failure(await early)).toMatchObject({
      code: 504,
      message: "Timeout: Too large resource version: 101, current: 100",
      causes: ["ResourceVersionTooLarge"],
    });
    const soon = test.get("/api/v1/nodes/n?resourceVersion=101");
    await test.clock.untilSleeping();
    await fill(test.store, { resource: NODES }, [object({ name: "n", version: "101" })], metaAt("101"));
    expect((await soon).json()).toMatchObject({ metadata: { resourceVersion: "101" } });
  });
});
