import { type StatusError, tooLargeResourceVersion } from "@krm/apimachinery";
import { DEFAULT_STALENESS, PODS } from "@krm/core";
import Fastify from "fastify";
import { describe, expect, it } from "vitest";
import { sendStatus } from "../../src/answer/send.ts";
import { Access } from "../../src/auth/access.ts";
import { answerKubernetes } from "../../src/kubernetes/answer.ts";
import type { KubernetesWatch } from "../../src/kubernetes/watch-handler.ts";
import { FieldCache } from "../../src/selection/field-cache.ts";
import { Catalog } from "../../src/view/catalog.ts";
import { CompressedObjects } from "../../src/body/compressed-objects.ts";
import { SnapshotShelf } from "../../src/view/snapshot-shelf.ts";
import { testApp } from "../support/app.ts";
import { fill } from "../support/fixtures.ts";

describe("a watch", () => {
  it("goes to who serves it, read and checked", async () => {
    await using test = testApp();
    const { clock, store } = test;
    await fill(store, { resource: PODS }, []);
    const seen: KubernetesWatch[] = [];
    const context = {
      store,
      clock,
      catalog: new Catalog(store, [], clock),
      staleness: DEFAULT_STALENESS,
      compressed: new CompressedObjects(),
      shelf: new SnapshotShelf(clock),
      fields: new FieldCache(),
      access: new Access({}),
      limits: { maxListSize: 0 },
      follow: async () => {},
      followUnions: () => {},
      watch: async (watch: KubernetesWatch) => {
        seen.push(watch);
        if (watch.options.resourceVersion === "999") throw tooLargeResourceVersion("999", "100");
        return watch.reply.send("watched");
      },
    };
    const app = Fastify();
    app.setErrorHandler(async (error, _request, reply) => sendStatus(reply, error as StatusError));
    app.get("/*", async (request, reply) => answerKubernetes(context, "", request, reply));

    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const query = "watch=1&resourceVersion=5&allowWatchBookmarks=true&includeObject=None&labelSelector=a";
    const url = `/api/v1/namespaces/team-a/pods?${query}`;
    expect((await app.inject({ url, headers: { accept } })).body).toBe("watched");
    expect(seen.at(-1)).toMatchObject({
      watched: { resource: PODS, scopes: [{ resource: PODS }] },
      namespace: "team-a",
      options: { resourceVersion: "5", allowWatchBookmarks: true, watch: true, sendInitialEvents: undefined },
      view: { representation: { type: "table", version: "v1" }, includeObject: "None" },
    });

    await app.inject("/api/v1/watch/namespaces/team-a/pods/x");
    expect(seen.at(-1)?.fields.requirements).toEqual([{ field: "metadata.name", operator: "=", value: "x" }]);

    const late = await app.inject("/api/v1/pods?watch=1&resourceVersion=999");
    expect([late.statusCode, late.headers["krm-state"]]).toEqual([504, "synced"]);
    const count = seen.length;
    for (const [bad, code] of [
      ["resourceVersion=abc", 500],
      ["fieldSelector=spec.nope%3D1", 400],
      ["sendInitialEvents=true", 422],
    ] as const)
      expect((await app.inject(`/api/v1/pods?watch=1&${bad}`)).statusCode).toBe(code);
    expect((await app.inject({ url, headers: { accept: "application/yaml" } })).statusCode).toBe(406);
    expect(seen).toHaveLength(count);
    expect((await app.inject("/api/v1")).json()).toMatchObject({ resources: [{ verbs: ["get", "list", "watch"] }] });
    await app.close();
  });
});
