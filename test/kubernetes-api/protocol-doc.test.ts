import { readFile } from "node:fs/promises";
import { DEPLOYMENTS, PODS } from "@krm/core";
import { KUBERNETES_PATHS } from "@krm/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Agent, request } from "node:https";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { serveCluster, type ServedCluster } from "./support/served-cluster.ts";

const text = await readFile(new URL("../../docs/protocol.md", import.meta.url), "utf8");

/** Each request of a chapter's table, the status that it says, and whether the answer is the API server's. */
function rowsOf(chapter: number): readonly (readonly [string, string, status: number, sentOn: boolean])[] {
  const start = text.indexOf(`\n## ${chapter}. `);
  const end = text.indexOf("\n## ", start + 1);
  const lines = text.slice(start, end < 0 ? undefined : end).split("\n");
  return lines.flatMap((line) => {
    const [, requests = "", answer = ""] = line.split("|");
    const status = Number(/^ (\d{3}),/u.exec(answer)?.[1]);
    return Number.isNaN(status)
      ? []
      : [...requests.matchAll(/`([A-Z]+) ([^`]+)`/gu)].map(
          ([, method = "", path = ""]) => [method, path, status, /^ \d{3}, sent on/u.test(answer)] as const,
        );
  });
}

describe.each([
  ["the Kubernetes API", 8, false, 25],
  ["reads that are sent on", 9, true, 20],
] as const)("docs/protocol.md on %s", (_, chapter, forward, atLeast) => {
  const rows = rowsOf(chapter);
  let served: ServedCluster;
  let agent: Agent;

  beforeAll(async () => {
    served = await serveCluster({ pods: 20, nodes: 2, forward });
    agent = new Agent({ ca: served.krm.ca });
  });
  afterAll(async () => {
    agent.destroy();
    await served[Symbol.asyncDispose]();
  });

  /** A path of the table with names that there are. */
  function filledIn(path: string): string {
    const resource = path.startsWith("/apis") ? DEPLOYMENTS : PODS;
    const { name, namespace = "" } = served.cluster.list(resource).items[0]?.metadata ?? { name: "" };
    const [node] = served.cluster.list({ group: "", version: "v1", resource: "nodes" }).items;
    const values = {
      group: "apps",
      version: "v1",
      resource: "deployments",
      core: "pods",
      name,
      namespace,
      node: node?.metadata.name,
    };
    return path.replaceAll(/\{(\w+)\}/gu, (_, key: string) => {
      const value = (values as Readonly<Record<string, string | undefined>>)[key];
      if (value === undefined) throw new Error(`the table has {${key}}, of which nothing is known`);
      return value;
    });
  }

  it.each(rows)("%s %s is a %i", async (method, path, status, sentOn) => {
    const headers = { authorization: `Bearer ${served.krm.token}` };
    const sent = request(new URL(filledIn(path), served.krm.url), { agent, method, headers });
    sent.end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    response.on("error", () => {}).destroy();
    expect(response.statusCode).toBe(status);
    expect(response.headers["krm-forwarded"]).toBe(sentOn ? "true" : undefined);
  });

  it("tells of every root", () => {
    const roots = new Set(rows.map(([, path]) => /^\/[^/]+/u.exec(path)?.[0]));
    expect([...roots]).toEqual(expect.arrayContaining(Object.values(KUBERNETES_PATHS)));
    expect(rows.length).toBeGreaterThan(atLeast);
  });
});
