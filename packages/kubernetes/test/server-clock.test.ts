import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { type Logger, NODES, parseResourceVersion, PODS, silentLogger, systemClock } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { discoverResources, KubernetesSource, ServerClock } from "../src/index.ts";
import { failure, json, listBody, podBody, TestServer } from "./support/test-server.ts";

/** An API server's clock, and ours, which passes when told. */
class Clocks {
  readonly clock = new ManualClock();
  readonly warnings: string[] = [];
  readonly serverClock: ServerClock;
  /** By how much the server's is ahead. */
  ahead = 0;

  constructor() {
    const logger: Logger = { ...silentLogger, warn: (_, message) => void this.warnings.push(message) };
    this.serverClock = new ServerClock({ clock: this.clock, logger });
  }

  get header(): string {
    return new Date(this.clock.now() + this.ahead).toUTCString();
  }

  /** Answers at all times of a second, over some minutes. */
  async answers(count: number, ms = 10_100): Promise<void> {
    for (let n = 0; n < count; n++) {
      await this.clock.advance(ms);
      const sent = this.serverClock.now();
      await this.clock.advance(10);
      this.serverClock.answered(sent, { date: this.header });
    }
  }
}

describe("the API server's clock", () => {
  it("is not known before an answer", () => {
    expect(new Clocks().serverClock.offset()).toBeUndefined();
  });

  it("is known from the dates of answers", async () => {
    const clocks = new Clocks();
    clocks.ahead = 3000;
    await clocks.answers(10);
    const { lowMs, highMs, samples, at } = clocks.serverClock.offset() ?? {};
    expect([samples, at]).toEqual([10, clocks.clock.now()]);
    expect(lowMs).toBeGreaterThan(2800);
    expect(lowMs).toBeLessThanOrEqual(3000);
    expect(highMs).toBeGreaterThanOrEqual(3000);
    expect(highMs).toBeLessThan(3200);
  });

  it.each([
    ["no date", {}],
    ["a date that is none", { date: "yesterday" }],
    ["a date in another form", { date: "2026-01-01T00:00:00Z" }],
    ["two dates", { date: ["Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:01 GMT"] }],
    ["an answer out of a cache", { date: "Thu, 01 Jan 2026 00:00:00 GMT", age: "0" }],
  ])("is not known from %s", (_, headers) => {
    const { serverClock } = new Clocks();
    serverClock.answered(serverClock.now(), headers);
    expect(serverClock.offset()).toBeUndefined();
  });

  it("is warned of once when it is certainly more than 2 s off, and what mends it", async () => {
    const clocks = new Clocks();
    clocks.ahead = 1900;
    await clocks.answers(30);
    expect(clocks.warnings).toEqual([]);
    clocks.ahead = 5000;
    await clocks.answers(200);
    expect(clocks.warnings).toEqual([
      expect.stringMatching(
        /^the API server's clock is 5\.0 s ahead of ours \(±0\.\d s\): .* NTP .*\bchronyc tracking\b/,
      ),
    ]);
  });

  it("is warned of again when it was well in between", async () => {
    const clocks = new Clocks();
    clocks.ahead = -5000;
    await clocks.answers(20);
    // Anything between then and now: not well yet.
    clocks.ahead = 0;
    await clocks.answers(20);
    clocks.ahead = -5000;
    await clocks.answers(80);
    expect(clocks.warnings).toHaveLength(1);
    clocks.ahead = 0;
    await clocks.answers(80);
    clocks.ahead = -3000;
    await clocks.answers(80);
    expect(clocks.warnings).toEqual([
      expect.stringContaining(" behind ours"),
      expect.stringContaining("3.0 s behind ours"),
    ]);
  });

  it("is not warned of because ours was set", async () => {
    const clocks = new Clocks();
    await clocks.answers(20);
    clocks.clock.setNow(clocks.clock.now() + 60_000);
    clocks.ahead = -60_000;
    expect(clocks.serverClock.offset()).toBeUndefined();
    clocks.clock.setNow(clocks.clock.now() - 60_000);
    clocks.ahead = 0;
    await clocks.answers(20);
    expect(clocks.warnings).toEqual([]);
  });
});

describe("a source", () => {
  const HOUR = 3_600_000;

  function late(): Record<string, string> {
    return { date: new Date(systemClock.now() - HOUR).toUTCString() };
  }

  it("learns of the clock from every answer, and tells it by every list and watch", async () => {
    let watch: ServerResponse | undefined;
    await using server = await TestServer.start((request, response) => {
      const { url = "" } = request;
      if (url.includes("watch=true")) {
        watch = response.writeHead(200, { "content-type": "application/json", ...late() });
        watch.flushHeaders();
      } else if (url.includes("/pods/a")) json(response, podBody("a", "1"), 200, late());
      else if (url.includes("/pods")) json(response, listBody("1", []), 200, late());
      else if (url === "/api/v1") json(response, { kind: "APIResourceList", resources: [] }, 200, late());
      else json(response, { kind: "Status", code: 404, message: "none" }, 404, late());
    });
    await using source = new KubernetesSource({ kubeConfig: server.config() });
    const pods = source.listWatch({ resource: PODS });
    const nodes = source.listWatch({ resource: NODES });
    expect(nodes.clockOffset()).toBeUndefined();

    const count = (): number => nodes.clockOffset()?.samples ?? 0;
    await pods.list({});
    expect(count()).toBe(1);
    await pods.listMetadata({});
    expect(count()).toBe(2);
    await pods.get({ namespace: "n", name: "a" });
    expect(count()).toBe(3);
    await pods.watch({ resourceVersion: parseResourceVersion("1"), timeoutSeconds: 300 });
    expect(count()).toBe(4);
    await pods.served();
    expect(count()).toBe(5);
    // The errors of what stands in between bear a date too.
    expect(await failure(discoverResources(source))).toBeDefined();
    expect(count()).toBe(5);

    const { lowMs = 0, highMs = 0 } = pods.clockOffset() ?? {};
    expect(lowMs).toBeLessThanOrEqual(-HOUR);
    expect(highMs).toBeGreaterThanOrEqual(-HOUR);
    expect(highMs).toBeLessThan(-HOUR + 2000);
    if (watch !== undefined) {
      watch.end();
      await once(watch, "close");
    }
  });

  it("can share what it learns with another source of the same cluster", async () => {
    await using server = await TestServer.start((_request, response) => json(response, listBody("1", []), 200, late()));
    const serverClock = new ServerClock();
    await using one = new KubernetesSource({ kubeConfig: server.config(), serverClock });
    await using other = new KubernetesSource({ kubeConfig: server.config(), serverClock });
    await one.listWatch({ resource: PODS }).list({});
    expect(other.listWatch({ resource: PODS }).clockOffset()).toMatchObject({ samples: 1 });
  });
});
