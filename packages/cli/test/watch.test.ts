import { DEPLOYMENTS, PODS } from "@krm/core";
import { SimApiServer, SimCluster } from "@krm/testkit";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WatchedSet } from "../src/commands/watch/watched-set.ts";
import { writeKubeconfig } from "../src/files/write-kubeconfig.ts";
import { EXIT, run } from "../src/index.ts";
import { Columns } from "../src/text/columns.ts";
import { fakeIo } from "./fake-io.ts";
import { begin, end, type Running, urlOf } from "./served-cluster.ts";

// Whole commands, which load all that they are made of.
describe("krm watch", { timeout: 30_000 }, () => {
  let folder: string;
  let cluster: SimCluster;
  let api: SimApiServer;
  let kubeconfig: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "krm-watch-"));
    cluster = new SimCluster({ seed: 3 });
    for (const name of ["a", "b"]) cluster.create(PODS, { metadata: { name, namespace: "default" }, spec: {} });
    cluster.create(PODS, { metadata: { name: "dns", namespace: "kube-system" }, spec: {} });
    api = new SimApiServer({ cluster, seed: 3 });
    await api.listen();
    kubeconfig = join(folder, "kubeconfig");
    await writeKubeconfig(api.kubeconfig(), kubeconfig);
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function served(listen = "127.0.0.1:0"): Promise<{ readonly monitor: Running; readonly url: string }> {
    const monitor = begin({}, "monitor", "pods", "deploy", "--serve", "--listen", listen, "--kubeconfig", kubeconfig);
    for (const resource of ["v1/pods", "apps/v1/deployments"])
      await monitor.io.stderr.matching(new RegExp(`"resource":"${resource}","state":"synced"`));
    return { monitor, url: await urlOf(monitor) };
  }

  it("sends a terminal nothing of an object that could move its cursor, nor does krm get; a pipe gets it as it is", async () => {
    const note = "\u001b[2Jup\u009b31m\rdown\n\tend";
    cluster.create(PODS, { metadata: { name: "odd", namespace: "default", annotations: { note } }, spec: {} });
    const { monitor, url } = await served();
    const template = "jsonpath={.metadata.annotations.note}|";
    const outputs = (one: string): readonly string[] => ["json", one, "custom-columns=NOTE:.metadata.annotations.note"];
    const printed = async (command: string, output: string, terminal: boolean): Promise<string> => {
      const io = fakeIo({ env: { KRM_SERVER: url, NO_COLOR: "1" }, terminal });
      const code = run([command, "pods", "odd", "-n", "default", "-o", output], io);
      await io.stdout.matching(/end/u);
      io.end();
      expect(await code).toBe(EXIT.ok);
      return io.stdout.text;
    };
    for (const [command, output] of [
      ...outputs(template).map((each) => ["watch", each] as const),
      ...[...outputs(template), "yaml"].map((each) => ["get", each] as const),
    ]) {
      // oxlint-disable-next-line no-control-regex -- control characters are what this is about
      expect(await printed(command, output, true), `${command} -o ${output}`).not.toMatch(/[^\n\t -~]/u);
    }
    expect(await printed("get", template, false)).toBe(`${note}|`);
    expect(await printed("watch", template, false)).toBe(`${note}|\n`);
    expect(await printed("get", template, true)).toBe("\\u001b[2Jup\\u009b31m\\u000ddown\n\tend|");
    cluster.delete(PODS, "default", "odd", { gracePeriodSeconds: 0 });
    await end(monitor);
  });

  it("prints what there is under a heading, and each change as it comes", async () => {
    const { monitor, url } = await served();
    const watch = begin({ KRM_SERVER: url }, "watch", "po");
    await watch.io.stdout.matching(/dns/);
    const [heading, ...rows] = watch.io.stdout.text.trimEnd().split("\n");
    expect(heading).toMatch(/^EVENT {3}NAMESPACE {5}NAME {3}READY {3}STATUS {2}/);
    expect(rows.map((row) => row.split(/ +/u).slice(0, 3))).toEqual([
      ["ADDED", "default", "a"],
      ["ADDED", "default", "b"],
      ["ADDED", "kube-system", "dns"],
    ]);
    cluster.create(PODS, { metadata: { name: "c", namespace: "default" }, spec: {} });
    await watch.io.stdout.matching(/\nADDED +default +c /);
    cluster.patch(PODS, "default", "c", { metadata: { labels: { x: "y" } } });
    await watch.io.stdout.matching(/\nMODIFIED +default +c /);
    cluster.delete(PODS, "default", "c");
    await watch.io.stdout.matching(/\nDELETED +default +c /);
    await end(watch, monitor);
  });

  it("as a template or columns of one's own", async () => {
    const { monitor, url } = await served();
    const template = "{.metadata.name} of {.metadata.namespace}";
    const watch = begin({ KRM_SERVER: url }, "watch", "pods", "-o", `jsonpath=${template}`);
    await watch.io.stdout.matching(/^dns of kube-system$/m);
    const columns = begin(
      { KRM_SERVER: url },
      "watch",
      "pods",
      "--no-headers",
      "-o",
      "custom-columns=N:.metadata.name",
    );
    await columns.io.stdout.matching(/^ADDED {3}dns$/m);
    expect(columns.io.stdout.text).not.toContain("EVENT");
    await end(watch, columns, monitor);
  });

  it("of one namespace, selected, as lines for programs, without what there was before", async () => {
    const { monitor, url } = await served();
    const flags = ["-n", "default", "-l", "x=y", "--changes-only", "-o", "json"];
    const watch = begin({ KRM_SERVER: url }, "watch", "pods", ...flags);
    const synced = begin({ KRM_SERVER: url }, "watch", "pods", "-o", "name");
    await synced.io.stdout.matching(/pod\/dns/);
    cluster.patch(PODS, "default", "a", { metadata: { labels: { x: "y" } } });
    await watch.io.stdout.matching(/\n/);
    cluster.patch(PODS, "default", "a", { metadata: { labels: { x: null } } });
    await watch.io.stdout.matching(/DELETED[^\n]*\n/);
    const told = watch.io.stdout.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; object: { kind: string; metadata: { name: string } } });
    expect(told.map(({ object, type }) => [type, object.kind, object.metadata.name])).toEqual([
      ["ADDED", "Pod", "a"],
      ["DELETED", "Pod", "a"],
    ]);
    await end(watch, synced, monitor);
  });

  it("goes on when the server was killed and came back, and tells what changed meanwhile", async () => {
    const first = await served();
    const watch = begin({ KRM_SERVER: first.url }, "watch", "deployments.apps", "-o", "name");
    cluster.create(DEPLOYMENTS, { metadata: { name: "web", namespace: "default" }, spec: { template: {} } });
    await watch.io.stdout.matching(/ADDED deployment\.apps\/web\n/);
    await end(first.monitor);
    cluster.delete(DEPLOYMENTS, "default", "web");
    cluster.create(DEPLOYMENTS, { metadata: { name: "db", namespace: "default" }, spec: { template: {} } });
    const second = await served(new URL(first.url).host);
    await watch.io.stdout.matching(/ADDED deployment\.apps\/db\n/);
    await watch.io.stdout.matching(/DELETED deployment\.apps\/web\n/);
    expect(watch.io.stderr.text).toMatch(/; again in [^\n]*\nkrm: began anew: the server no longer knows/);
    watch.io.end();
    expect(await watch.code).toBe(EXIT.ok);
    await end(second.monitor);
  });

  it("says what can be watched, and what is not allowed", async () => {
    const io = fakeIo();
    expect(await run(["watch", "statefulsets"], io)).toBe(EXIT.usage);
    expect(io.stderr.text).toContain("group/version/plural, such as apps/v1/statefulsets");
    const { monitor, url } = await served();
    const missing = fakeIo({ env: { KRM_SERVER: url } });
    expect(await run(["watch", "apps/v1/statefulsets"], missing)).toBe(EXIT.failure);
    expect(missing.stderr.text).toContain("could not find the requested resource");
    await end(monitor);
  });
});

describe("what a watch has shown", () => {
  const object = (name: string, resourceVersion: string): { metadata: { name: string; resourceVersion: string } } => ({
    metadata: { name, resourceVersion },
  });
  const freshness = { state: "synced", warnings: [] } as never;
  const synced = { type: "synced", resourceVersion: "9", freshness } as const;

  it("is compared with the new set: what is the same is not shown again, and what is missing is gone", () => {
    const set = new WatchedSet();
    const take = (...events: Parameters<WatchedSet["take"]>[0][]): readonly string[] =>
      events.flatMap((event) => set.take(event)).map((one) => `${one.type} ${one.object.metadata?.name ?? ""}`);
    const added = (name: string, version: string): Parameters<WatchedSet["take"]>[0] => ({
      type: "added",
      object: object(name, version),
      resourceVersion: version,
    });
    expect(take({ type: "reset", reason: "start" }, added("a", "1"), added("b", "1"), added("c", "1"), synced)).toEqual(
      ["ADDED a", "ADDED b", "ADDED c"],
    );
    // Broken off, and begun once more: only the second set counts.
    expect(take({ type: "reset", reason: "expired" }, added("a", "1"), added("b", "2"))).toEqual(["MODIFIED b"]);
    expect(take({ type: "reset", reason: "interrupted" }, added("b", "2"), added("d", "3"), synced)).toEqual([
      "ADDED d",
      "DELETED a",
      "DELETED c",
    ]);
    expect(set.size).toBe(2);
    expect(take({ type: "deleted", object: object("d", "4"), resourceVersion: "4" })).toEqual(["DELETED d"]);
  });

  it("is nothing before it was complete once: what broke off is shown as a whole", () => {
    const set = new WatchedSet();
    const added = (name: string): Parameters<WatchedSet["take"]>[0] => ({
      type: "added",
      object: object(name, "1"),
      resourceVersion: "1",
    });
    for (const event of [{ type: "reset", reason: "start" } as const, added("a"), added("b")]) set.take(event);
    set.take({ type: "reset", reason: "interrupted" });
    const whole = [added("a"), added("b"), added("c"), synced].flatMap((event) => set.take(event));
    expect(whole.map((one) => `${one.type} ${one.object.metadata?.name ?? ""}`)).toEqual([
      "ADDED a",
      "ADDED b",
      "ADDED c",
    ]);
  });

  it("stands in columns that only grow", () => {
    const columns = new Columns();
    expect(
      columns.lines([
        ["EVENT", "NAME", "AGE"],
        ["ADDED", "a", "1s"],
      ]),
    ).toEqual(["EVENT   NAME   AGE", "ADDED   a      1s"]);
    expect(columns.lines([["DELETED", "longer", "2s"]])).toEqual(["DELETED   longer   2s"]);
    expect(columns.lines([["ADDED", "b", "1s"]])).toEqual(["ADDED     b        1s"]);
    // Of more rows than a function takes arguments.
    expect(new Columns().lines(Array.from({ length: 200_000 }, () => ["a", "b"]))).toHaveLength(200_000);
  });
});
