import { describe, expect, it } from "vitest";
import { PODS, type Scope } from "@krm/core";
import type { DelaySource } from "@krm/server";
import { failure, testApp } from "./support/app.ts";
import { fill, START } from "./support/fixtures.ts";

describe("/status?delays=…", () => {
  const minute = { at: START, count: 7, p50: 0.25, p90: 1, p99: 2.000_04 };
  const delays: DelaySource & { readonly asked: [scope: Scope, withinMs: number][] } = {
    since: START - 60_000,
    asked: [],
    minutes(scope, withinMs) {
      this.asked.push([scope, withinMs]);
      return [minute];
    },
  };

  it("tells how late events were, where it was asked for", async () => {
    await using test = testApp({ delays });
    await fill(test.store, { resource: PODS }, []);
    const [scope] = (await test.get("/status?delays=30m")).json<{ readonly scopes: readonly object[] }>().scopes;
    expect(scope).toMatchObject({
      delays: {
        since: "2025-12-31T23:59:00.000Z",
        minutes: [{ at: "2026-01-01T00:00:00.000Z", count: 7, p50Seconds: 0.25, p90Seconds: 1, p99Seconds: 2 }],
      },
    });
    expect(delays.asked).toEqual([[{ resource: PODS }, 1_800_000]]);
    expect((await test.get("/status")).json()).not.toHaveProperty("scopes.0.delays");
  });

  it("tells nothing where nobody measures", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    expect((await test.get("/status?delays=1h")).json()).not.toHaveProperty("scopes.0.delays");
  });

  it.each(["90", "2h", "soon"])("refuses %s, by name", async (value) => {
    await using test = testApp({ delays });
    const { code, causes, message } = failure(await test.get(`/status?delays=${value}`));
    expect([code, causes]).toEqual([400, ["InvalidParameter"]]);
    expect(message).toContain('"delays"');
  });
});
