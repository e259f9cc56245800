import type { Readable } from "node:stream";
import { isWatchQuery } from "@krm/apimachinery";
import { DEPLOYMENTS, NODES, PODS } from "@krm/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testApp, type TestApp } from "../support/app.ts";
import { fill, object, pod } from "../support/fixtures.ts";
import { impatientClock } from "../support/impatient-clock.ts";

const piece = (...pieces: string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(""));

const labels = piece(
  "app",
  "a.b/c",
  "=",
  "==",
  "!=",
  "!",
  ",",
  " in ",
  " notin ",
  "(",
  ")",
  "web",
  "<",
  ">",
  "1",
  " ",
  "-",
);
const fields = piece(
  "metadata.name",
  "spec.nodeName",
  "status.phase",
  "nope",
  "=",
  "==",
  "!=",
  ",",
  "\\",
  "a",
  "node-1",
);
const accepts = piece(
  "application/json",
  "application/yaml",
  "*/*",
  "text/html",
  ";as=Table",
  ";as=PartialObjectMetadata",
  ";as=PartialObjectMetadataList",
  ";as=APIGroupDiscoveryList",
  ";g=meta.k8s.io",
  ";g=apidiscovery.k8s.io",
  ";v=v1",
  ";v=v2",
  ";q=0.5",
  ";stream=watch",
  ",",
);
const token = fc.oneof(
  fc.base64String(),
  fc
    .record({
      v: fc.constantFrom("meta.k8s.io/v1", "x"),
      rv: fc.oneof(fc.integer(), fc.constantFrom(-1, 100)),
      start: fc.oneof(fc.string(), fc.constantFrom("/a\0", "/team-a/a\0", "a\0", "/a\0view", "..\0", "/\0")),
    })
    .map((point) => Buffer.from(JSON.stringify(point)).toString("base64url")),
);
const version = fc.oneof(fc.constantFrom("", "0", "00", "100", "99", "101", "abc", "-1"), fc.bigInt().map(String));
const parameter = fc.oneof(
  fc.tuple(fc.constant("labelSelector"), labels),
  fc.tuple(fc.constant("fieldSelector"), fields),
  fc.tuple(fc.constant("continue"), token),
  fc.tuple(fc.constant("resourceVersion"), version),
  fc.tuple(fc.constant("resourceVersionMatch"), fc.constantFrom("", "Exact", "NotOlderThan", "x")),
  fc.tuple(fc.constant("limit"), fc.oneof(fc.integer().map(String), fc.constantFrom("", "1", "x", "1e3"))),
  fc.tuple(fc.constantFrom("watch", "sendInitialEvents", "allowWatchBookmarks"), fc.constantFrom("", "0", "1", "no")),
  fc.tuple(fc.constantFrom("includeObject", "timeoutSeconds", "pretty"), fc.constantFrom("None", "Object", "All", "1")),
  fc.tuple(fc.string(), fc.string()),
);
const query = fc
  .array(parameter, { maxLength: 4 })
  .map((pairs) => new URLSearchParams(pairs.map(([k, v]): [string, string] => [k, v.toWellFormed()])).toString());
const segments = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "api",
        "apis",
        "v1",
        "apps",
        "namespaces",
        "team-a",
        "pods",
        "nodes",
        "deployments",
        "a",
        "watch",
        "status",
      ),
      fc.constantFrom("", ".", "..", "%2F", "%zz", "%ff", "version"),
      fc.string({ unit: "grapheme", maxLength: 8 }).map(encodeURIComponent),
    ),
    { maxLength: 7 },
  )
  .map((parts) => `/${parts.join("/")}`);
const path = fc.oneof(
  { weight: 2, arbitrary: segments },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      "/api/v1/pods",
      "/api/v1/namespaces/team-a/pods",
      "/api/v1/namespaces/team-a/pods/a",
      "/api/v1/nodes",
      "/apis/apps/v1/deployments",
      "/api",
      "/apis",
      "/api/v1",
      "/apis/apps/v1",
    ),
  },
);

/** What can be told of a request; 500 is the API server's own answer to a watch from a version that is none. */
const EXPECTED = [200, 400, 404, 405, 406, 410, 422, 504];

async function read(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

describe("any request to the Kubernetes API", () => {
  it("is answered or refused, and never our fault", { timeout: 60_000 }, async () => {
    await using test: TestApp = testApp({ clock: impatientClock() });
    await fill(test.store, { resource: PODS }, [pod({ name: "a", labels: { app: "web" } }), pod({ name: "b" })]);
    await fill(test.store, { resource: NODES }, [object({ name: "node-1" })]);
    await fill(test.store, { resource: DEPLOYMENTS }, [object({ name: "web", namespace: "team-a" })]);
    await fc.assert(
      fc.asyncProperty(path, query, accepts, async (asked, text, accept) => {
        const url = `${asked}?${text}`;
        const response = await test.app.inject({ url, headers: { accept }, payloadAsStream: true });
        const isWatch = response.statusCode === 200 && isWatchQuery(new URLSearchParams(text));
        // A watch goes on; that it began is enough.
        const body = isWatch || asked.includes("/watch/") ? "" : await read(response.stream());
        response.stream().destroy();
        const { message = "" } = response.statusCode === 500 ? (JSON.parse(body) as { message?: string }) : {};
        if (!message.startsWith("resourceVersion: Invalid value: ")) expect(EXPECTED).toContain(response.statusCode);
        if (body !== "" && response.headers["content-type"] === "application/json") JSON.parse(body);
      }),
      { seed: 20_260_105, numRuns: 3000 },
    );
  });
});
