import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { MemoryStore, PODS } from "@krm/core";
import { createServer } from "@krm/server";
import { SeededRandom } from "@krm/testkit";
import { expect, it } from "vitest";
import { fill, object } from "../support/fixtures.ts";
import { Observed } from "../support/observed.ts";

it.each(["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/yaml"])(
  "a reader who leaves in the middle of a compressed answer ends it: %s",
  async (accept) => {
    const random = new SeededRandom(accept);
    // What hardly gets smaller, and more than a socket takes at once; in the metadata, which every form shows.
    const filler = (): string => Array.from({ length: 400 }, () => random.next().toString(36)).join("");
    const pods = Array.from({ length: 2000 }, (_, index) =>
      object({ name: `p${index}`, namespace: "n", labels: { filler: filler() } }),
    );
    const observer = new Observed();
    await using store = new MemoryStore();
    await fill(store, { resource: PODS }, pods);
    await using server = await createServer({ store, listen: { host: "127.0.0.1", port: 0 }, observer });
    const { url } = await server.listen();
    const asked = get(`${url}/api/v1/pods`, { headers: { accept, "accept-encoding": "gzip" } });
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    expect(response.headers["content-encoding"]).toBe("gzip");
    await once(response, "readable");
    asked.destroy();
    const left = await observer.next();
    expect([left.route, left.status, left.complete]).toEqual(["/api", 200, false]);
    expect(observer.open).toBe(0);
  },
);
