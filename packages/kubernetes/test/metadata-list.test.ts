import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type ListWatch, PODS } from "@krm/core";
import { describe, expect, it } from "vitest";
import { KubernetesSource } from "../src/index.ts";
import { failure, type Handler, json, listBody, podBody, TestServer } from "./support/test-server.ts";

interface Exchange {
  readonly request: { readonly headers?: { readonly accept?: string } };
  readonly response: { readonly status: number; readonly json: { readonly [name: string]: unknown } };
}

/** What a kube-apiserver answered to the first GET with such an Accept header, as it was recorded. */
function golden(scenario: string, accept: string): Exchange["response"] {
  const file = new URL(`../../testkit/golden/${scenario}.json`, import.meta.url);
  const { steps } = JSON.parse(readFileSync(file, "utf8")) as { steps: Exchange[] };
  const exchange = steps.find(({ request }) => request.headers?.accept?.startsWith(accept) === true);
  if (exchange === undefined) throw new Error(`${scenario} has no answer to ${accept}`);
  return exchange.response;
}

async function served<T>(
  handler: Handler,
  work: (pods: Required<ListWatch>, server: TestServer) => Promise<T>,
): Promise<T> {
  await using server = await TestServer.start(handler);
  await using source = new KubernetesSource({ kubeConfig: server.config() });
  return await work(source.listWatch({ resource: PODS, namespace: "rec" }), server);
}

describe("a list of metadata", () => {
  it("is asked for in that form, with whole objects as the second choice, in pages and at versions", async () => {
    const answer: Handler = (_request, response) => json(response, listBody("7", []));
    await served(answer, async (pods, server) => {
      await pods.listMetadata({});
      await pods.listMetadata({ limit: 500, resourceVersion: "7", match: "Exact" });
      await pods.listMetadata({ limit: 500, continue: "t.1" });
      await pods.listMetadata({ resourceVersion: "9007199254740993", match: "NotOlderThan" });
      expect(server.requests.map(({ url }) => url.search)).toEqual([
        "",
        "?limit=500&resourceVersion=7&resourceVersionMatch=Exact",
        "?limit=500&continue=t.1",
        "?resourceVersion=9007199254740993&resourceVersionMatch=NotOlderThan",
      ]);
      expect(new Set(server.requests.map(({ url }) => url.pathname))).toEqual(new Set(["/api/v1/namespaces/rec/pods"]));
      expect(new Set(server.requests.map(({ headers }) => headers.accept))).toEqual(
        new Set(["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"]),
      );
    });
  });

  it("is read as a kube-apiserver sends it", async () => {
    const recorded = golden("13-metadata-only", "application/json;as=PartialObjectMetadataList").json;
    const page = await served(
      (_request, response) => json(response, recorded),
      (pods) => pods.listMetadata({ limit: 2 }),
    );
    expect(page).toMatchObject({ resourceVersion: "253", remainingItemCount: 6, metadataOnly: true });
    expect(page.continue).toBe((recorded["metadata"] as { continue: string }).continue);
    expect(page.items.map(({ key, resourceVersion }) => [key, resourceVersion])).toEqual([
      ["rec/a", "47"],
      ["rec/b", "66"],
    ]);
  });

  it("is read of whole objects too, compressed too, and tells its size as JSON", async () => {
    const body = Buffer.from(JSON.stringify(listBody("7", [podBody("a", "5")])));
    const page = await served(
      (_request, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(gzipSync(body));
      },
      (pods) => pods.listMetadata({}),
    );
    expect(page).toEqual({
      resourceVersion: "7",
      items: [{ key: "n/a", uid: "u-a", resourceVersion: "5" }],
      continue: undefined,
      remainingItemCount: undefined,
      bytes: body.length,
      metadataOnly: false,
    });
  });

  it("fails as a list does", async () => {
    const refused = golden("09-errors", "text/html");
    expect(refused.status).toBe(406);
    const list = (handler: Handler): Promise<unknown> => served(handler, (pods) => failure(pods.listMetadata({})));
    expect(await list((_request, response) => json(response, refused.json, refused.status))).toMatchObject({
      code: "KRM_API_STATUS",
      status: { code: 406, reason: "NotAcceptable" },
    });
    const broken: Handler = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end('{"metadata":{},"items":[{]}');
    };
    expect(await list(broken)).toMatchObject({
      code: "KRM_DECODE",
      message: expect.stringMatching(
        /^GET \S+\/namespaces\/rec\/pods: the list cannot be read: .*, at byte 25 of 27$/,
      ) as string,
    });
    const unordered: Handler = (_request, response) => json(response, listBody("7", [podBody("a", "x")]));
    expect(await list(unordered)).toMatchObject({ code: "KRM_INVALID_RESOURCE_VERSION" });
  });

  it("rejects with the signal's reason when aborted", async () => {
    const asked = Promise.withResolvers<void>();
    await served(
      () => asked.resolve(),
      async (pods) => {
        const controller = new AbortController();
        const list = failure(pods.listMetadata({}, { signal: controller.signal }));
        await asked.promise;
        const reason = new Error("enough");
        controller.abort(reason);
        expect(await list).toBe(reason);
      },
    );
  });
});
