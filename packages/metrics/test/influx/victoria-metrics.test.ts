import { type VictoriaMetricsServer, withVictoriaMetrics } from "@krm/testkit/servers";
import { expect, test } from "vitest";
import { type InfluxTarget, line } from "../../src/influx/index.ts";
import { runningWriter } from "./support/running-writer.ts";

const NOW_MS = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;

function points(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const ns = BigInt(NOW_MS + index) * 1_000_000n;
    return line("krm_delay", { kind: "a, b=c" }, { seconds: index / 2, events: { integer: index } }, ns) ?? "";
  });
}

withVictoriaMetrics(process.env, (victoria) => {
  const targets: readonly (readonly [string, (server: VictoriaMetricsServer) => InfluxTarget])[] = [
    ["v2", ({ url }) => ({ api: "v2", url, org: "o", bucket: "b" })],
    ["v2 below a path", ({ url }) => ({ api: "v2", url: `${url}/influx/`, org: "o", bucket: "b", token: "any" })],
    ["v1", ({ url }) => ({ api: "v1", url, database: "krm" })],
  ];
  test.each(targets)("takes lines by the API %s", async (_, target) => {
    await using server = await victoria.start();
    await using run = runningWriter(target(server));
    run.offer("a", points(6000));
    await run.writer.flush();
    expect(run.writer.report).toMatchObject({ written: 6000, failing: undefined });
    expect(run.log.told).toEqual([]);
    const series = await server.export('{__name__=~"krm_delay.*"}');
    expect(new Map(series.map(({ metric }) => [metric["__name__"], metric["kind"]]))).toEqual(
      new Map([
        ["krm_delay_events", "a, b=c"],
        ["krm_delay_seconds", "a, b=c"],
      ]),
    );
    for (const { values, timestamps } of series) {
      expect(values).toHaveLength(6000);
      expect(timestamps[0]).toBe(NOW_MS);
    }
  });

  test("takes them from who may, and from nobody else", async () => {
    const auth = { user: "krm", password: "hush" };
    await using server = await victoria.start({ auth });
    const target: InfluxTarget = { api: "v1", url: server.url, database: "krm" };
    await using run = runningWriter({ ...target, ...auth });
    run.offer("a", points(10));
    await run.writer.flush();
    expect(run.writer.report.written).toBe(10);
    await using stranger = runningWriter({ ...target, user: "krm", password: "other" });
    stranger.offer("a", points(10));
    await stranger.writer.flush();
    expect(stranger.writer.report).toMatchObject({
      written: 0,
      failing: { error: { message: expect.stringContaining("does not accept the user and the password (401)") } },
    });
  });
});
