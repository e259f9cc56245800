import { DEFAULT_RESOURCES, PODS } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { reportTable } from "../src/commands/doctor/report-text.ts";
import type { Check, CheckReport } from "../src/doctor/check.ts";
import { judgeCanary } from "../src/doctor/checks/canary.ts";
import { judgeExpiry } from "../src/doctor/checks/certificate-expiry.ts";
import { judgeClock } from "../src/doctor/checks/clock.ts";
import { judgeVerbs } from "../src/doctor/checks/permissions.ts";
import { judgeServer } from "../src/doctor/checks/server.ts";
import { failed, failedBy, ok, warning, worstOf } from "../src/doctor/finding.ts";
import { grantCommand } from "../src/doctor/grant-command.ts";
import { runChecks } from "../src/doctor/run-checks.ts";
import { painter } from "../src/terminal/paint.ts";

const NEVER = new AbortController().signal;

function check(name: string, run: Check["run"], after: readonly string[] = []): Check {
  return { name, after, run };
}

describe("checks", () => {
  it("run side by side, and none that hangs, throws or fails costs another its answer", async () => {
    const clock = new ManualClock();
    let given: AbortSignal | undefined;
    const checks = [
      check("hangs", async (signal) => {
        given = signal;
        return new Promise<never>(() => {});
      }),
      check("throws", async () => Promise.reject(new Error("redis://me:secret@h is odd"))),
      check("well", async () => [ok("fine")]),
      check("after those", async () => [ok("never asked")], ["hangs", "well"]),
      check("after the well", async () => [ok("asked")], ["well"]),
    ];
    const running = runChecks(checks, { clock, signal: NEVER, limitMs: 10_000 });
    await clock.advance(10_000);
    const found = (await running).map(({ name, findings }) => [name, findings[0]?.result, findings[0]?.found]);
    expect(found).toEqual([
      ["hangs", "failed", "no answer within 10 s"],
      ["throws", "failed", "redis://[redacted]@h is odd"],
      ["well", "ok", "fine"],
      ["after those", "skipped", "not looked at: hangs comes first"],
      ["after the well", "ok", "asked"],
    ]);
    expect(given?.aborted).toBe(true);
  });

  it("that were well are not run again; warnings are", async () => {
    const clock = new ManualClock();
    const asked: string[] = [];
    const asking = (name: string): Check =>
      check(name, async () => {
        asked.push(name);
        return [ok("now")];
      });
    const before: readonly CheckReport[] = [
      { name: "well", findings: [ok("before")] },
      { name: "warned", findings: [ok("before"), warning("hm", "mend")] },
    ];
    const options = { clock, signal: NEVER, limitMs: 1000, before };
    const reports = await runChecks([asking("well"), asking("warned"), asking("new")], options);
    expect(asked).toEqual(["warned", "new"]);
    expect(reports[0]).toBe(before[0]);
  });

  it("end with the signal", async () => {
    const stop = new AbortController();
    const hanging = check("hangs", async () => new Promise<never>(() => {}));
    const running = runChecks([hanging], { clock: new ManualClock(), signal: stop.signal, limitMs: 1000 });
    stop.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
  });

  it("of which some part went well are worth going on from", async () => {
    const partly = check("partly", async () => [ok("a"), failed("b", "mend")]);
    const next = check("next", async () => [ok("asked")], ["partly"]);
    const reports = await runChecks([partly, next], { clock: new ManualClock(), signal: NEVER, limitMs: 1000 });
    expect(reports[1]?.findings).toEqual([ok("asked")]);
  });
});

describe("findings", () => {
  it("are as bad as the worst of them", () => {
    expect(worstOf([])).toBe("ok");
    expect(worstOf([ok("a"), { result: "skipped" }])).toBe("skipped");
    expect(worstOf([warning("a", "b"), { result: "skipped" }, ok("c")])).toBe("warning");
    expect(worstOf([failed("a", "b"), warning("c", "d")])).toBe("failed");
  });

  it("of an error have its hint as a sentence, and no login", () => {
    const error = new Error("no");
    expect(failedBy(error, "Do this.")).toMatchObject({ found: "no", mend: "Do this." });
    expect(failedBy("text").found).toBe("text");
  });

  it("are shown without what could move the cursor", () => {
    const table = reportTable([{ name: "a", findings: [failed("\u001b[2J", "\u001b[31m")] }], painter(false));
    expect(table).not.toContain("\u001b");
    expect(reportTable([{ name: "a", findings: [failed("x", "y")] }], painter(true))).toContain("\u001b[31mfailed");
  });
});

describe("a clock", () => {
  const offset = (lowMs: number, highMs: number): ReturnType<typeof judgeClock> =>
    judgeClock({ lowMs, highMs, samples: 4, at: 0 });

  it.each([
    [-400, 600, "ok"],
    [-5000, 900, "ok"],
    [1000, 2000, "ok"],
    [1001, 2000, "warning"],
    [-4000, -2000, "warning"],
    [-400_000, -300_001, "failed"],
  ])("that is off by %i to %i ms is %s", (low, high, result) => {
    expect(offset(low, high).result).toBe(result);
  });

  it("that is not known is skipped", () => {
    expect(judgeClock(undefined).result).toBe("skipped");
  });
});

describe("rights", () => {
  const verbs = ["get", "list", "watch"] as const;

  it("to get alone can be done without", () => {
    expect(judgeVerbs({ resource: PODS }, verbs, ["get"], "ada")).toMatchObject({ result: "warning" });
    expect(judgeVerbs({ resource: PODS }, verbs, ["get", "watch"], "ada")).toMatchObject({ result: "failed" });
    expect(judgeVerbs({ resource: PODS }, verbs, [], "ada")).toMatchObject({ result: "ok" });
  });

  it("are granted by commands that a shell reads as they are meant", () => {
    const [, deployments = PODS] = DEFAULT_RESOURCES;
    expect(grantCommand({ resource: deployments, verbs: ["list"], user: "a b'c" })).toBe(
      `kubectl create clusterrole krm-deployments.apps --verb=list --resource=deployments.apps && kubectl create clusterrolebinding krm-deployments.apps --clusterrole=krm-deployments.apps --user='a b'\\''c'`,
    );
    expect(grantCommand({ resource: PODS, verbs: ["get"], user: undefined })).toContain("--user=USER");
  });

  it("to a Lease that may be read by nobody are as good as can be told", () => {
    const lease = { namespace: "default", name: "mine" };
    const may = { mayPatch: true, mayCreate: false, there: undefined };
    const found = judgeCanary(lease, may, "ada");
    expect(found.result).toBe("warning");
    expect(found.mend).toContain('"kind":"Lease","metadata":{"namespace":"default","name":"mine"}');
  });
});

describe("a certificate", () => {
  const days = (n: number): string => new Date(n * 86_400_000).toUTCString();
  const valid = { validFrom: days(10), validTo: days(100) };

  it.each([
    [9, "failed", "c is not valid before 1970-01-11"],
    [50, undefined, undefined],
    [95, "warning", "c expires in 5 days"],
    [99.5, "warning", "c expires within a day"],
    [101, "failed", "c has expired on 1970-04-11"],
  ])("on day %d is %s", (day, result, found) => {
    const judged = judgeExpiry("c", valid, day * 86_400_000);
    expect([judged?.result, judged?.found]).toEqual([result, found]);
  });
});

describe("a server", () => {
  it("is told by the states of what it serves", () => {
    const scope = (name: string, state: string): unknown => ({ name, state });
    const scopes = [
      scope("pods", "synced"),
      scope("nodes", "stale"),
      scope("services", "syncing"),
      scope("x", "synced"),
    ];
    const body = { scopes } as Parameters<typeof judgeServer>[1];
    expect(judgeServer("http://h", body).map(({ result, found }) => `${result} ${found}`)).toEqual([
      "ok http://h: pods, x: synced",
      "warning http://h: nodes: stale",
      "failed http://h: services: syncing",
    ]);
    expect(judgeServer("http://h", { scopes: [] })[0]?.result).toBe("failed");
  });
});
