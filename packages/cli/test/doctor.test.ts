import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LEASES, PODS } from "@krm/core";
import {
  type AccessRule,
  createTlsMaterial,
  DEFAULT_USERS,
  SimApiServer,
  SimCluster,
  type SimUser,
} from "@krm/testkit";
import { withInfluxDb, withRedis } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeKubeconfig } from "../src/files/write-kubeconfig.ts";
import { EXIT, run } from "../src/index.ts";
import { fakeIo } from "./fake-io.ts";
import { begin, end, urlOf } from "./served-cluster.ts";

/** What `krm doctor --output json` prints. */
interface Report {
  readonly result: string;
  readonly checks: readonly {
    readonly check: string;
    readonly of?: string;
    readonly result: string;
    readonly found: string;
    readonly mend?: string;
  }[];
}

const READ: AccessRule = { verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["pods"] };
const USERS: readonly SimUser[] = [
  ...DEFAULT_USERS,
  { name: "reader", token: "reader-token", rules: [READ] },
  {
    name: "system:serviceaccount:krm:streamer",
    token: "streamer-token",
    rules: [{ ...READ, verbs: ["get", "list"], namespaces: ["team-a"] }],
  },
  {
    name: "canary",
    token: "canary-token",
    rules: [
      READ,
      { verbs: ["list", "watch", "get"], apiGroups: ["coordination.k8s.io"], resources: ["leases"] },
      {
        verbs: ["patch"],
        apiGroups: ["coordination.k8s.io"],
        resources: ["leases"],
        namespaces: ["default"],
        resourceNames: ["krm-canary"],
      },
    ],
  },
];

const cluster = new SimCluster();
const server = new SimApiServer({ cluster, users: USERS });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "krm-doctor-"));
  await server.listen();
  cluster.create(PODS, { metadata: { namespace: "default", name: "web" }, spec: {} });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function kubeconfigOf(user: string): Promise<string> {
  const file = join(folder, `${user.replaceAll(":", "-")}.kubeconfig`);
  await writeKubeconfig(server.kubeconfig({ user }), file);
  return file;
}

async function doctor(...argv: readonly string[]): Promise<{ code: number; report: Report; err: string }> {
  const io = fakeIo();
  const code = await run(["doctor", ...argv, "--output", "json"], io);
  expect(io.stdout.text).not.toMatch(/[a-z]-token|sesame/);
  expect(io.stderr.text).not.toMatch(/[a-z]-token|sesame/);
  return { code, report: JSON.parse(io.stdout.text) as Report, err: io.stderr.text };
}

/** `check of: result: found`. */
function lines({ checks }: Report): readonly string[] {
  return checks.map(
    ({ check, of, result, found }) => `${check}${of === undefined ? "" : ` ${of}`}: ${result}: ${found}`,
  );
}

function mendOf({ checks }: Report, check: string, result = "failed"): string | undefined {
  return checks.find((each) => each.check === check && each.result === result)?.mend;
}

describe("krm doctor", () => {
  it("finds nothing wrong where nothing is", async () => {
    const { code, report } = await doctor("pods", "po", "--kubeconfig", await kubeconfigOf("admin"));
    const { url } = server;
    expect(lines(report)).toEqual([
      `kubeconfig: ok: context "admin@krm-simulated": ${url}, with a token`,
      `API server: ok: ${url} answers: v1.36.2, to admin`,
      expect.stringMatching(/^clock: ok: the API server's clock is 0\.\d s (ahead of|behind) ours/),
      "resources pods: ok: v1/pods, in namespaces",
      "resources pods: ok: v1/pods, in namespaces",
      "permissions pods: ok: may get, list, watch",
    ]);
    expect([code, report.result]).toEqual([EXIT.ok, "ok"]);
  });

  it("is a table for people, with what to do below what is not well", async () => {
    const io = fakeIo();
    expect(await run(["doctor", "nodes", "--kubeconfig", await kubeconfigOf("reader")], io)).toBe(EXIT.failure);
    const [heading, ...rows] = io.stdout.text.split("\n");
    expect(heading).toMatch(/^CHECK +OF +RESULT +FOUND$/);
    const row = rows.findIndex((line) => line.startsWith("permissions"));
    expect(rows[row]).toMatch(/^permissions +nodes +failed +may not get, list, watch$/);
    expect(rows[row + 1]).toBe(
      "  -> kubectl create clusterrole krm-nodes --verb=get,list,watch --resource=nodes && kubectl create clusterrolebinding krm-nodes --clusterrole=krm-nodes --user=reader",
    );
    expect(io.stdout.text).toMatch(/\n\n1 failed, \d ok\n$/);
    expect(io.stderr.text).toBe("");
  });

  it("names the rights that are missing, by namespace, and the command that grants them", async () => {
    const kubeconfig = await kubeconfigOf("system:serviceaccount:krm:streamer");
    const { code, report } = await doctor("pods", "-n", "team-a", "-n", "team-b", "--kubeconfig", kubeconfig);
    expect(lines(report).slice(-2)).toEqual([
      "permissions pods in team-a: failed: may not watch",
      "permissions pods in team-b: failed: may not get, list, watch",
    ]);
    expect(mendOf(report, "permissions")).toBe(
      "kubectl create role krm-pods -n team-a --verb=get,list,watch --resource=pods && kubectl create rolebinding krm-pods -n team-a --role=krm-pods --serviceaccount=krm:streamer",
    );
    expect(code).toBe(EXIT.failure);
  });

  it("asks for no more than the command that is checked for needs", async () => {
    const kubeconfig = await kubeconfigOf("system:serviceaccount:krm:streamer");
    const store = ["--store", "redis://127.0.0.1:9"];
    const verify = await doctor("pods", "-n", "team-a", "--for", "verify", ...store, "--kubeconfig", kubeconfig);
    expect(lines(verify.report)).toContain("permissions pods in team-a: ok: may get, list");
    const merge = await doctor("pods", "--for", "merge", ...store);
    expect(lines(merge.report)).toEqual([
      expect.stringMatching(/^store: failed: redis:\/\/127\.0\.0\.1:9\/0: .*refused/),
    ]);
  }, 30_000);

  it("leaves alone what variables say to other commands", async () => {
    const env = { KRM_AUTH: "tokenreview", KRM_LISTEN: "0.0.0.0:1", KRM_TLS_CERT: join(folder, "none") };
    const io = fakeIo({ env: { ...env, KRM_INFLUX_URL: "http://127.0.0.1:9", KRM_CANARY: "10s" } });
    const argv = ["doctor", "pods", "--for", "merge", "--store", "redis://127.0.0.1:9", "--output", "json"];
    expect(await run(argv, io)).toBe(EXIT.failure);
    const { checks } = JSON.parse(io.stdout.text) as Report;
    expect(checks.map(({ check }) => check)).toEqual(["store"]);
  }, 30_000);

  it("names resources that there are not, and goes on with the others", async () => {
    const { code, report } = await doctor("pod", "widgts", "--kubeconfig", await kubeconfigOf("admin"));
    expect(lines(report).slice(3)).toEqual([
      "resources pods: ok: v1/pods, in namespaces",
      'resources widgts: failed: the API server has no resource "widgts": did you mean widgets.example.krm.dev?',
      "permissions pods: ok: may get, list, watch",
    ]);
    expect(code).toBe(EXIT.failure);
  });

  it("asks whether readers may be asked about, with --auth tokenreview", async () => {
    const { report } = await doctor("pods", "--auth", "tokenreview", "--kubeconfig", await kubeconfigOf("reader"));
    expect(lines(report).at(-1)).toBe(
      "token reviews: failed: may not create tokenreviews, subjectaccessreviews: every reader would get 503",
    );
    expect(mendOf(report, "token reviews")).toBe(
      "kubectl create clusterrolebinding krm-auth-delegator --clusterrole=system:auth-delegator --user=reader",
    );
    const serve = ["--for", "serve", "--store", "redis://127.0.0.1:9", "--auth", "tokenreview"];
    const admin = await doctor(...serve, "--kubeconfig", await kubeconfigOf("admin"));
    expect(lines(admin.report).slice(-2)).toEqual([
      "token reviews: ok: may create tokenreviews, subjectaccessreviews",
      expect.stringMatching(/^store: failed/),
    ]);
  }, 30_000);

  it("looks at the canary's Lease", async () => {
    const canary = async (user: string, lease: string): Promise<string | undefined> => {
      const flags = ["pods", "--canary", "10s", "--canary-lease", lease];
      const { report } = await doctor(...flags, "--kubeconfig", await kubeconfigOf(user));
      return lines(report).at(-1);
    };
    expect(await canary("admin", "default/mine")).toBe("canary default/mine: ok: the Lease may be created and patched");
    expect(await canary("reader", "default/krm-canary")).toBe(
      "canary default/krm-canary: failed: may not patch the Lease",
    );
    expect(await canary("canary", "default/krm-canary")).toBe(
      "canary default/krm-canary: failed: the Lease is not there, and may not be created",
    );
    cluster.create(LEASES, { metadata: { namespace: "default", name: "krm-canary" }, spec: {} });
    expect(await canary("canary", "default/krm-canary")).toBe(
      "canary default/krm-canary: ok: the Lease is there, and may be patched",
    );
  });

  it("skips what would tell nothing, and says which check comes first", async () => {
    const { code, report } = await doctor("pods", "--kubeconfig", join(folder, "nowhere"), "--auth", "tokenreview");
    expect(lines(report)).toEqual([
      expect.stringMatching(/^kubeconfig: failed: kubeconfig .*nowhere cannot be read: ENOENT/),
      "API server: skipped: not looked at: kubeconfig comes first",
      "clock: skipped: not looked at: API server comes first",
      "resources: skipped: not looked at: API server comes first",
      "permissions: skipped: not looked at: resources comes first",
      "token reviews: skipped: not looked at: API server comes first",
    ]);
    expect([code, report.result]).toEqual([EXIT.failure, "failed"]);
  });

  it("says whose fault it is that the API server is not reached, or does not know us", async () => {
    const text = server.kubeconfig({ user: "reader" });
    const [away, wrong] = [join(folder, "away"), join(folder, "wrong")];
    await writeKubeconfig(text.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:9"), away);
    await writeKubeconfig(text.replace("reader-token", "no-such-one"), wrong);
    const gone = await doctor("pods", "--kubeconfig", away);
    expect(lines(gone.report)[1]).toMatch(/^API server: failed: https:\/\/127\.0\.0\.1:9: the connection was refused/);
    const unknown = await doctor("pods", "--kubeconfig", wrong);
    expect(lines(unknown.report)[1]).toMatch(/^API server: failed: .* was answered with 401 Unauthorized/);
    expect(mendOf(unknown.report, "API server")).toMatch(/does not know these credentials/);
  });

  it("tells of an API server whose clock is off", async () => {
    const off = new SimApiServer({ cluster: new SimCluster({ clockOffsetMs: -10_000 }), users: USERS });
    await off.listen();
    const file = join(folder, "off");
    await writeKubeconfig(off.kubeconfig({ user: "reader" }), file);
    const { code, report } = await doctor("pods", "--kubeconfig", file);
    expect(lines(report)[2]).toMatch(/^clock: warning: the API server's clock is (9\.\d|10\.\d) s behind ours/);
    expect(mendOf(report, "clock", "warning")).toMatch(/chronyc tracking/);
    expect(code).toBe(EXIT.ok);
    await off.close();
  });

  it("tries addresses, and leaves them free", async () => {
    const used = createServer();
    used.listen(0, "127.0.0.1");
    await once(used, "listening");
    const { port } = used.address() as AddressInfo;
    const base = ["pods", "--kubeconfig", await kubeconfigOf("reader")];
    const { code, report } = await doctor(...base, "--listen", `127.0.0.1:${port}`, "--health-listen", "127.0.0.1:0");
    expect(lines(report).slice(-2)).toEqual([
      `listen: failed: 127.0.0.1:${port}: the port is in use`,
      "health-listen: ok: 127.0.0.1:0 is free",
    ]);
    expect(mendOf(report, "listen")).toMatch(/ss -ltnp/);
    expect(code).toBe(EXIT.failure);
    used.close();
    await once(used, "close");
    const free = await doctor(...base, "--listen", `127.0.0.1:${port}`);
    expect(lines(free.report).at(-1)).toBe(`listen: ok: 127.0.0.1:${port} is free`);
  });

  it("reads the files that flags name", async () => {
    const tls = await createTlsMaterial();
    const file = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const [cert, key, tokens] = [
      await file("cert", tls.cert),
      await file("key", tls.key),
      await file("tokens", "sesame-1234\n"),
    ];
    const base = ["pods", "--kubeconfig", await kubeconfigOf("reader"), "--listen", "127.0.0.1:0"];
    const good = await doctor(...base, "--tls-cert", cert, "--tls-key", key, "--auth", `static:${tokens}`);
    expect(lines(good.report).filter((line) => line.startsWith("files"))).toEqual([
      expect.stringMatching(/^files --tls-cert: (ok|warning): /),
      `files --auth static: ok: ${tokens} holds tokens`,
    ]);
    const bad = await doctor(...base, "--tls-cert", key, "--tls-key", cert, "--auth", `static:${folder}/no`);
    expect(lines(bad.report).filter((line) => line.startsWith("files"))).toEqual([
      `files --tls-cert: failed: ${key} and ${cert} are not a certificate and its key`,
      expect.stringMatching(/^files --auth static: failed: .*no/),
    ]);
    expect(bad.code).toBe(EXIT.failure);
  });

  it("asks of files what those who read and write them will ask", async () => {
    const text = async (name: string, content: string): Promise<string> => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    };
    const [odd, one] = [await text("odd", "s\u00e9same\n"), await text("one", " sesame-1234\n")];
    const influx = ["--influx-url", "http://127.0.0.1:9", "--influx-db", "krm", "--influx-spill"];
    const found = async (token: string, spill: string, audit: string): Promise<readonly string[]> => {
      const files = ["--token-file", token, ...influx, spill, "--audit-log", audit];
      const server = ["--server", "http://127.0.0.1:9"];
      const { report } = await doctor("pods", "--kubeconfig", await kubeconfigOf("reader"), ...server, ...files);
      return lines(report).filter((line) => line.startsWith("files"));
    };
    // The folder is made with all that it lies in, the log's is not.
    const [below, beside] = [join(folder, "made", "by", "it"), join(folder, "audit.log")];
    expect(await found(one, below, beside)).toEqual([
      `files --token-file: ok: ${one} holds a token`,
      `files --audit-log: ok: ${beside} can be written`,
      `files --influx-spill: ok: ${below} can be written`,
    ]);
    expect(await found(odd, one, below)).toEqual([
      `files --token-file: failed: ${odd} does not hold one token`,
      `files --audit-log: failed: ${below} cannot be written: ENOENT`,
      `files --influx-spill: failed: ${one} is a file`,
    ]);
    expect(await found(odd, join(one, "below"), folder)).toEqual([
      `files --token-file: failed: ${odd} does not hold one token`,
      `files --audit-log: failed: ${folder} is a folder`,
      `files --influx-spill: failed: ${join(one, "below")} cannot be written: ENOTDIR`,
    ]);
  }, 30_000);

  it("looks at a KRM server", async () => {
    const kubeconfig = await kubeconfigOf("reader");
    const monitor = begin({}, "monitor", "pods", "--serve", "--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig);
    const url = await urlOf(monitor);
    await monitor.io.stderr.matching(/pods \(1\): synced/);
    const { code, report } = await doctor("pods", "--kubeconfig", kubeconfig, "--server", url);
    expect(lines(report).at(-1)).toBe(`server: ok: ${url}: pods: synced`);
    expect(code).toBe(EXIT.ok);
    await end(monitor);
    const gone = await doctor("pods", "--kubeconfig", kubeconfig, "--server", url);
    expect(lines(gone.report).at(-1)).toMatch(/^server: failed: cannot reach /);
  });

  it("waits until all is well, and tells what it waits for", async () => {
    const file = join(folder, "later");
    const argv = ["doctor", "pods", "--kubeconfig", file, "--wait", "1m", "--output", "json"];
    const io = fakeIo();
    const code = run(argv, io);
    await io.stderr.matching(/"check":"kubeconfig","result":"failed"/);
    await writeKubeconfig(server.kubeconfig({ user: "reader" }), file);
    expect(await code).toBe(EXIT.ok);
    expect(JSON.parse(io.stdout.text)).toMatchObject({ result: "ok" });
    expect(io.stderr.text.match(/"check":"kubeconfig","result":"ok"/g)).toHaveLength(1);
  }, 30_000);

  it("names who asks in what is to be granted, in every round that it waits", async () => {
    const argv = ["pods", "-n", "team-a", "--kubeconfig", await kubeconfigOf("system:serviceaccount:krm:streamer")];
    const { report } = await doctor(...argv, "--wait", "1s");
    expect(mendOf(report, "permissions")).toMatch(/--serviceaccount=krm:streamer$/);
  }, 30_000);

  it("waits no longer than it was told to, and ends when it is asked to", async () => {
    const argv = ["doctor", "pods", "--kubeconfig", join(folder, "never")];
    expect(await run([...argv, "--wait", "1s"], fakeIo())).toBe(EXIT.failure);
    const io = fakeIo();
    const code = run([...argv, "--wait", "1h"], io);
    await io.stderr.matching(/kubeconfig: failed/);
    io.end();
    expect(await code).toBe(EXIT.interrupted);
    expect(io.stdout.text).toBe("");
  });
});

withRedis(process.env, (redis) => {
  it("krm doctor tells what is in a store, who has its roles, and what may be lost", async () => {
    await using store = await redis.start({ password: "sesame", config: { appendonly: "yes" } });
    const kubeconfig = await kubeconfigOf("reader");
    const url = `redis://:sesame@127.0.0.1:${store.port}`;
    const stream = begin({ KRM_STORE: url }, "stream", "pods", "--kubeconfig", kubeconfig);
    await stream.io.stderr.matching(/pods: watching/);
    const { code, report } = await doctor("pods", "--kubeconfig", kubeconfig, "--store", url);
    expect(lines(report).slice(-2)).toEqual([
      expect.stringMatching(
        /^store: ok: redis:\/\/127\.0\.0\.1:\d+\/0: (Redis|Valkey) \S+, format 2, begun by KRM \d+\.\d+\.\d+/,
      ),
      "store: ok: holds pods (held: streamer)",
    ]);
    expect(code).toBe(EXIT.ok);
    await store.command("SET", "other:format", "krm-store 9 (krm 3.1.0)");
    const newer = await doctor("--for", "merge", "--store", `${url}?prefix=other`);
    expect(lines(newer.report)).toEqual([expect.stringMatching(/are of the newer format 9, written by KRM 3\.1\.0/)]);
    expect(mendOf(newer.report, "store")).toMatch(/^Run KRM 3\.1\.0 or newer/);
    await end(stream);
    const wrong = await doctor("--for", "merge", "--store", url.replace("sesame", "sesame2"));
    expect(lines(wrong.report)).toEqual([expect.stringMatching(/password is wrong/)]);
  }, 60_000);
});

withInfluxDb(process.env, (influx) => {
  it("krm doctor asks InfluxDB whether it may write", async () => {
    await using database = await influx.start();
    const base = ["pods", "--kubeconfig", await kubeconfigOf("reader"), "--influx-url", database.url];
    const missing = await doctor(...base, "--influx-db", "krm");
    expect(lines(missing.report).at(-1)).toBe(
      `InfluxDB: warning: ${database.url} answers, and does not have the database "krm" yet`,
    );
    await database.query("CREATE DATABASE krm");
    const there = await doctor(...base, "--influx-db", "krm");
    expect(lines(there.report).at(-1)).toBe(`InfluxDB: ok: ${database.url} takes writes to the database "krm"`);
  }, 60_000);
});
