import { describe, expect, it } from "vitest";
import { EXIT, run } from "../src/index.ts";
import { fakeIo } from "./fake-io.ts";

const COMMANDS = [
  "demo",
  "monitor",
  "stream",
  "verify",
  "merge",
  "serve",
  "metrics",
  "get",
  "watch",
  "status",
  "simulate",
  "doctor",
  "completion",
];
const ROLES = ["stream", "verify", "merge"];

describe("help", () => {
  it("lists the commands that there are, and no others", async () => {
    const io = fakeIo();
    expect(await run(["--help"], io)).toBe(EXIT.ok);
    const listed = io.stdout.text.split("Commands:")[1]?.split("\n\n")[0] ?? "";
    expect([...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name)).toEqual([...COMMANDS, "help"]);
    expect(io.stderr.text).toBe("");
  });

  it.each(COMMANDS)("of %s shows how it is called, the log level, and the same by `help`", async (command) => {
    const io = fakeIo();
    expect(await run([command, "--help"], io)).toBe(EXIT.ok);
    expect(io.stdout.text).toMatch(new RegExp(`^Usage: krm ${command} `));
    expect(io.stdout.text).toContain("--log-level");
    const other = fakeIo();
    expect(await run(["help", command], other)).toBe(EXIT.ok);
    expect(other.stdout.text).toBe(io.stdout.text);
  });

  it("of simulate documents every fault", async () => {
    const io = fakeIo();
    await run(["simulate", "--help"], io);
    for (const fault of ["drop=P", "delay=P:TIME", "sway[.RESOURCE]=MAX/PERIOD", "429=P[:TIME]", "restart=TIME"]) {
      expect(io.stdout.text).toContain(fault);
    }
  });

  it.each(ROLES)(
    "of %s teaches the pod: all its parts, their order, their death, and how they are looked after",
    async (role) => {
      const io = fakeIo();
      await run([role, "--help"], io);
      for (const part of [
        ...["stream pods", "verify pods", "merge pods", "serve"].map((each) => `krm ${each} --store redis://`),
        "in any order",
        "Kill any of them at any time",
        "takes over",
        "/livez",
        "/readyz",
        "/metrics",
        "redis+sentinel://",
        "passwordFile=FILE",
        "KRM_STORE",
        "--lease",
        "--health-listen",
      ]) {
        expect(io.stdout.text).toContain(part);
      }
      expect(io.stdout.text.includes("--kubeconfig")).toBe(role !== "merge");
      expect(io.stdout.text.includes("--verify-every")).toBe(role === "verify");
      expect(io.stdout.text.includes("--verify-budget")).toBe(role === "verify");
    },
  );

  it("of monitor and serve tells which stores there are", async () => {
    const monitor = fakeIo();
    await run(["monitor", "--help"], monitor);
    for (const url of ["memory:", "sqlite:FILE", "postgres://", "redis://", "redis+sentinel://", "redis+cluster://"]) {
      expect(monitor.stdout.text).toContain(`  ${url}`);
    }
    const serve = fakeIo();
    await run(["serve", "--help"], serve);
    expect(serve.stdout.text).toContain("  redis://HOST");
    expect(serve.stdout.text).not.toContain("  sqlite:");
  });

  it("is what `krm` alone shows, as a wrong command line", async () => {
    const io = fakeIo();
    expect(await run([], io)).toBe(EXIT.usage);
    expect(io.stderr.text).toContain("Commands:");
  });

  it("has the version of the package", async () => {
    const io = fakeIo();
    expect(await run(["--version"], io)).toBe(EXIT.ok);
    expect(io.stdout.text).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("a wrong command line", () => {
  const cases: readonly (readonly [line: string, told: string])[] = [
    ["frobnicate", "krm: unknown command 'frobnicate'. --help shows what there is."],
    ["simulat", "krm: unknown command 'simulat'. Did you mean simulate?"],
    ["help simulat", "krm: unknown command 'simulat'. Did you mean simulate?"],
    ["demo --listn 127.0.0.1:0", "krm: unknown option '--listn'. Did you mean --listen?"],
    ["demo --listen 8003", 'krm: --listen: "8003" is not an address: write HOST:PORT, such as 127.0.0.1:8003'],
    ["demo --listen", "krm: option '--listen <HOST:PORT>' argument missing"],
    ["demo --pods many", 'krm: --pods: "many" is not a whole number from 0 to 100000'],
    ["demo --log-level loud", 'krm: --log-level: "loud" is not one of debug, info, warn, error, silent'],
    ["demo extra", "krm: too many arguments for 'demo'"],
    ["demo --listen 0.0.0.0:0", "krm: --listen 0.0.0.0:0 can be reached by others"],
    ["serve", "krm: serve needs --store URL. For example: krm serve --store redis://127.0.0.1:6379; or watch and"],
    ["serve --store memory:", "krm: --store: memory: belongs to one process"],
    ["serve --store sqlite:a", "krm: --store: a SQLite store belongs to the process that writes it: serve from there"],
    ["serve --store postgres://h/d", "krm: --store: a PostgreSQL store belongs to the process that writes it"],
    ["serve --store redis://h --listen 0.0.0.0:1", "krm: --listen 0.0.0.0:1 can be reached by others"],
    ["serve --store redis://h --kubeconfig a", "krm: --kubeconfig does nothing without --auth tokenreview or"],
    [
      "serve --store redis://h --auth none --in-cluster",
      "krm: --in-cluster does nothing without --auth tokenreview or",
    ],
    ["serve --store redis://h --auth tokenreview:", 'krm: --auth: "tokenreview:" is not a way to authenticate'],
    ["monitor --auth tokenreview", "krm: --auth does nothing without --serve"],
    ["monitor --forward-uncached", "krm: --forward-uncached does nothing without --serve"],
    ...["serve --store redis://h", "monitor --serve"].flatMap((command): readonly (readonly [string, string])[] => [
      [
        `${command} --forward-uncached --auth static:/nonexistent`,
        "krm: --forward-uncached does not go with --auth static: it sends readers' tokens on to the API server, and those of the file are KRM's own. Use --auth tokenreview",
      ],
      [
        `${command} --forward-uncached --auth tokenreview:krm`,
        "krm: --forward-uncached does not go with --auth tokenreview:krm: tokens of that audience are none for the API server.",
      ],
      [
        `${command} --forward-uncached --auth none --listen 0.0.0.0:1`,
        "krm: --forward-uncached does not go with --auth none on 0.0.0.0:1: everyone who reaches it could reach the API server.",
      ],
      [`${command} --forward-uncached --listen 0.0.0.0:1`, "krm: --listen 0.0.0.0:1 can be reached by others"],
    ]),
    ["monitor --audit-log -", "krm: --audit-log does nothing without --serve"],
    ["doctor --outptu json", "krm: unknown option '--outptu'. Did you mean --output?"],
    ["doctor --output wide", 'krm: --output: "wide" is not one of table, json, yaml'],
    ["doctor --for demo", 'krm: --for: "demo" is not one of monitor, stream, verify, merge, serve, metrics'],
    ["doctor --wait 0s", 'krm: --wait: "0s" is out of bounds: from 1s'],
    ["doctor a:b", "krm: a URL stands where the name of a resource should"],
    ["doctor --for merge", "krm: merge needs a store that processes share. Add --store redis://HOST:6379."],
    ["doctor --for merge --store memory:", "krm: --store: memory: belongs to one process, and the other roles"],
    [
      "doctor --for serve --store sqlite:a",
      "krm: --store: a SQLite store belongs to the process that writes it: serve",
    ],
    ["doctor pods --for serve --store redis://h", "krm: serve takes no resources. It takes whatever monitors bring"],
    [
      "doctor --for merge --store redis://h --context a",
      "krm: --context does nothing with --for merge, which does not",
    ],
    ["doctor --for metrics --store redis://h -n a", "krm: --namespace does nothing with --for metrics"],
    ["doctor --for stream --store redis://h --canary 9s", "krm: --canary does nothing with --for stream"],
    [
      "doctor --for merge --store redis://h --auth tokenreview",
      "krm: --auth does nothing with --for merge, which does not use it. Leave it out.",
    ],
    ["doctor --for stream --store redis://h --tls-cert a", "krm: --tls-cert does nothing with --for stream"],
    ["doctor --for verify --store redis://h --listen 127.0.0.1:1", "krm: --listen does nothing with --for verify"],
    ["doctor --for metrics --store redis://h --audit-log -", "krm: --audit-log does nothing with --for metrics"],
    ["doctor --for serve --store redis://h --influx-url http://h", "krm: --influx-url does nothing with --for serve"],
    ["doctor --for merge --store redis://h --influx-db a", "krm: --influx-db does nothing with --for merge"],
    ["doctor --canary-lease a/b", "krm: --canary-lease does nothing without --canary"],
    ["doctor --influx-db a", "krm: --influx-db does nothing without --influx-url."],
    ["doctor --influx-url http://h", "krm: --influx-url does not say where to write."],
    ["doctor --token-file a", "krm: --token-file does nothing without --server"],
    ["doctor --server h", 'krm: --server: "h" is not the URL of a server'],
    ["doctor --listen 0.0.0.0:8003", "krm: --listen 0.0.0.0:8003 can be reached by others"],
    ["doctor --tls-cert a", "krm: --tls-cert needs --tls-key."],
    ["doctor --in-cluster --kubeconfig a", "krm: --kubeconfig and --in-cluster exclude each other"],
    ["stream pods --log-format yaml", 'krm: --log-format: "yaml" is not one of auto, json, text'],
    [
      "metrics",
      "krm: metrics needs --store URL. For example: krm metrics --store redis://127.0.0.1:6379; or measure in",
    ],
    [
      "metrics --store memory:",
      "krm: --store: memory: belongs to one process, so there is nothing in it to measure from",
    ],
    ["metrics --store sqlite:a", "krm: --store: a SQLite store belongs to the process that writes it: measure there"],
    ["metrics --store redis://h", "krm: metrics would tell nobody what it measures. Add --influx-url URL for InfluxDB"],
    ["metrics --store redis://h --influx-db a", "krm: --influx-db does nothing without --influx-url."],
    ["monitor --influx-flush 1s", "krm: --influx-flush does nothing without --influx-url."],
    [
      "monitor --influx-url http://h",
      "krm: --influx-url does not say where to write. Add --influx-db NAME for InfluxDB",
    ],
    [
      "monitor --influx-url http://h --influx-db a --influx-bucket b",
      "krm: --influx-db and --influx-bucket exclude each",
    ],
    ["monitor --influx-url http://h --influx-bucket b", "krm: --influx-bucket needs --influx-org."],
    [
      "monitor --influx-url h --influx-db a",
      "krm: --influx-url: the InfluxDB target's url cannot be used: it is not a URL",
    ],
    [
      "monitor --influx-url http://a:b@h --influx-db a",
      "krm: --influx-url: the InfluxDB target's url cannot be used: it holds a login",
    ],
    [
      "monitor --influx-url http://h --influx-db a --influx-tag event=x",
      'krm: --influx-tag: "event" is something that points',
    ],
    [
      "monitor --influx-url http://h --influx-db a --influx-tag x",
      'krm: --influx-tag: "x" is no tag: write cluster=eu-1',
    ],
    ["monitor --influx-url http://h --influx-db a --influx-tag time=x", 'krm: --influx-tag: "time" is something that'],
    [
      "monitor --influx-url http://h --influx-db a --influx-spill-mib 5",
      "krm: --influx-spill-mib needs --influx-spill.",
    ],
    ["monitor --canary-lease a/b", "krm: --canary-lease does nothing without --canary."],
    ["monitor --canary 5s --canary-lease a", 'krm: --canary-lease: "a" is not NAMESPACE/NAME'],
    ["monitor --canary 10ms", 'krm: --canary: "10ms" is out of bounds: from 1s to '],
    ["serve pods --store redis://h", "krm: too many arguments for 'serve'"],
    ["monitor --store sqlite:", "krm: --store: sqlite: needs a file: write sqlite:FILE"],
    [
      "monitor --store mysql://h/d",
      'krm: --store: "mysql:" is not a store that is supported: write memory:, sqlite:FILE',
    ],
    ["monitor --store redis", "krm: --store: this is not the URL of a store: write memory:, sqlite:FILE"],
    ["monitor --store redis://h/x", "krm: --store: the URL of the Redis server ends in something that is no database."],
    ["monitor --lease 5s", "krm: --lease does nothing with a store that belongs to one process."],
    ["monitor --lease 5s --store sqlite:a", "krm: --lease does nothing with a store that belongs to one process."],
    ["monitor redis://h", "krm: a URL stands where the name of a resource should. Did you mean --store URL?"],
    [
      "monitor pods,nodes",
      'krm: "pods,nodes" cannot be the name of a resource. Write it like pods, po, deployments.apps',
    ],
    ["stream pods --lease 999ms --store redis://h", 'krm: --lease: "999ms" is out of bounds: from 1s to '],
    ["stream pods --verify-every 1m --store redis://h", "krm: unknown option '--verify-every'."],
    ["stream pods --verify-budget 9 --store redis://h", "krm: unknown option '--verify-budget'."],
    ["verify pods --verify-budget 0 --store redis://h", 'krm: --verify-budget: "0" is not a whole number from 1 to '],
    ["monitor --verify-budget 1.5", 'krm: --verify-budget: "1.5" is not a whole number from 1 to '],
    ["monitor --health-listen 8080", 'krm: --health-listen: "8080" is not an address'],
    ["merge pods --kubeconfig a --store redis://h", "krm: unknown option '--kubeconfig'."],
    ["merge pods --health-listen 8080 --store redis://h", 'krm: --health-listen: "8080" is not an address'],
    ["merge pods --namespace Team --store redis://h", 'krm: --namespace: "Team" is not a namespace'],
    ["verify pods --in-cluster --context a --store redis://h", "krm: --context and --in-cluster exclude each other"],
    ...ROLES.flatMap((role): (readonly [string, string])[] => [
      [role, "krm: missing required argument 'RESOURCE'"],
      [`${role} pods nodes --store redis://h`, `krm: too many arguments for '${role}'`],
      [
        `${role} pods`,
        `krm: ${role} needs a store that the roles share. For example: krm ${role} pods --store redis://127.0.0.1:6379; or run all roles in one process: krm monitor pods.`,
      ],
      [
        `${role} pods --store memory:`,
        "krm: --store: memory: belongs to one process, and the other roles are processes",
      ],
      [
        `${role} pods --store sqlite:a`,
        "krm: --store: a SQLite store belongs to one process: it does not tell others of a change; use redis://HOST:PORT, or run all roles in one: krm monitor --store sqlite:FILE",
      ],
      [`${role} pods --store postgres://h/d`, "krm: --store: a PostgreSQL store belongs to one process"],
      [`${role} pods --store redis://h?nix=1`, 'krm: --store: the URL of the Redis server has the parameter "nix".'],
      [`${role} redis://h`, "krm: a URL stands where the name of a resource should."],
    ]),
    ["monitor --in-cluster --kubeconfig a", "krm: --kubeconfig and --in-cluster exclude each other"],
    ["monitor --listen 127.0.0.1:1", "krm: --listen does nothing without --serve"],
    ["monitor --serve --listen 0.0.0.0:1", "krm: --listen 0.0.0.0:1 can be reached by others"],
    ["monitor --serve --listen [::]:1 --kubeconfig /nonexistent", "krm: --listen [::]:1 can be reached by others"],
    ["monitor --serve --tls-cert a", "krm: --tls-cert needs --tls-key"],
    [
      "monitor --serve --auth tokenreview --tls-client-ca a",
      "krm: --tls-client-ca needs --tls-cert. Clients bring certificates over TLS only: add --tls-cert and --tls-key.",
    ],
    ["monitor --max-list-size 1Mi", "krm: --max-list-size does nothing without --serve"],
    ["monitor --max-watches-per-user 1", "krm: --max-watches-per-user does nothing without --serve"],
    ["serve --store redis://h --max-list-size 64MB", 'krm: --max-list-size: "64MB" is not a number of bytes: write it'],
    ["serve --store redis://h --max-watches-per-user -1", 'krm: --max-watches-per-user: "-1" is not a whole number'],
    ["monitor --tls-client-ca a", "krm: --tls-client-ca does nothing without --serve"],
    [
      "serve --store redis://h --tls-cert a --tls-key b --tls-client-ca c",
      "krm: --tls-client-ca keeps nobody out where everybody may read. Add --auth tokenreview",
    ],
    [
      "serve --store redis://h --auth none --tls-cert a --tls-key b --tls-client-ca c",
      "krm: --tls-client-ca keeps nobody out where everybody may read.",
    ],
    ["monitor --verify-every 5", 'krm: --verify-every: "5" is not a duration'],
    ["monitor -n Team", 'krm: --namespace: "Team" is not a namespace'],
    ["watch pods -n a -A", "krm: --namespace and --all-namespaces exclude each other"],
    ["watch pods -o yaml", 'krm: --output: "yaml" is not one of table, wide, json, name'],
    ["get", "krm: missing required argument 'RESOURCE'"],
    ["get pods -n a -A", "krm: --namespace and --all-namespaces exclude each other"],
    ["get pods -n a --accessible", "krm: --namespace and --accessible exclude each other"],
    ["get pods web --accessible", "krm: a name and --accessible exclude each other"],
    ["get pods web -l a=b", "krm: a name and a selector exclude each other"],
    ["get pods --output xml", 'krm: --output: "xml" is not one of table, wide, json, yaml, name'],
    ["simulate --faults nix=1", 'krm: --faults: "nix" is not a fault: known faults: '],
    ["simulate --faults sway=5s/10s", 'krm: --faults: fault "sway=5s/10s" cannot be read: write sway=MAX/PERIOD'],
    ["simulate --faults sway.pod=5s/1m", 'krm: --faults: "sway.pod" is about a resource that there is not'],
    ["simulate --clock-offset -3s --faults nix=1", 'krm: --faults: "nix" is not a fault'],
    ["simulate --clock-offset 3", 'krm: --clock-offset: "3" is not how far a clock can be off: write it like 3s, -3s'],
    ["simulate --clock-offset --3s", 'krm: --clock-offset: "--3s" is not how far a clock can be off'],
    ["simulate --clock-offset -87601h", 'krm: --clock-offset: "-87601h" is not how far a clock can be off'],
    ["simulate --quiet-after 0s", 'krm: --quiet-after: "0s" is out of bounds'],
  ];

  it.each(cases)("krm %s", async (line, told) => {
    const io = fakeIo();
    expect(await run(line.split(" "), io)).toBe(EXIT.usage);
    expect(io.stderr.text.slice(0, told.length)).toBe(told);
    expect(io.stderr.text.indexOf("\n")).toBe(io.stderr.text.length - 1);
    expect(io.stdout.text).toBe("");
  });
});

describe("environment variables", () => {
  it("stand in for flags", async () => {
    const io = fakeIo({ env: { KRM_PODS: "many" } });
    expect(await run(["demo"], io)).toBe(EXIT.usage);
    expect(io.stderr.text).toBe('krm: KRM_PODS: "many" is not a whole number from 0 to 100000\n');
  });

  it("give way to the command line", async () => {
    const io = fakeIo({ env: { KRM_STORE: "redis://other/wrong" } });
    await run(["serve", "--store", "memory:"], io);
    expect(io.stderr.text).toContain("--store: memory: belongs to one process");
  });

  it("count as unset when empty", async () => {
    const io = fakeIo({ env: { KRM_STORE: "" } });
    await run(["serve"], io);
    expect(io.stderr.text).toContain("serve needs --store");
  });

  it.each([
    [["merge", "pods"], { KRM_STORE: "sqlite:a" }, "KRM_STORE: a SQLite store belongs to one process"],
    [["serve"], { KRM_STORE: "redis://h/x" }, "KRM_STORE: the URL of the Redis server ends in something"],
    [["merge", "pods"], { KRM_STORE: "redis://h", KRM_LEASE: "1" }, 'KRM_LEASE: "1" is not a duration'],
    [["simulate"], { KRM_CLOCK_OFFSET: "soon" }, 'KRM_CLOCK_OFFSET: "soon" is not how far a clock can be off'],
    [["merge", "pods"], { KRM_STORE: "redis://h", KRM_HEALTH_LISTEN: "a" }, 'KRM_HEALTH_LISTEN: "a" is not an address'],
  ])("are named where their value is wrong: %j %j", async (argv, env, told) => {
    const io = fakeIo({ env });
    expect(await run(argv, io)).toBe(EXIT.usage);
    expect(io.stderr.text).toContain(`krm: ${told}`);
  });

  it.each([
    ["true", "exclude each other"],
    ["no", "none of these kubeconfig files exists"],
    ["perhaps", 'KRM_IN_CLUSTER: "perhaps" is neither true nor false. Write KRM_IN_CLUSTER=true.'],
  ])("switch a switch by its word: %s", async (word, told) => {
    const env = { KRM_IN_CLUSTER: word, KRM_CONTEXT: "a", KUBECONFIG: "/nonexistent/a:/nonexistent/b" };
    const io = fakeIo({ env });
    await run(["monitor", "--log-level", "silent"], io);
    expect(io.stderr.text).toContain(told);
  });

  it("give way to a flag that excludes them", async () => {
    const env = { KRM_IN_CLUSTER: "true", KRM_NAMESPACE: "team-a", KRM_SERVER: "http://127.0.0.1:1" };
    const monitor = fakeIo({ env });
    expect(await run(["monitor", "--kubeconfig", "/nonexistent/kubeconfig"], monitor)).toBe(EXIT.failure);
    expect(monitor.stderr.text).toContain("/nonexistent/kubeconfig cannot be read");
    const get = fakeIo({ env });
    expect(await run(["get", "pods", "-A"], get)).toBe(EXIT.failure);
    expect(get.stderr.text).toMatch(/^krm: cannot reach http:\/\/127\.0\.0\.1:1\/pods: /);
  });

  it("are named where two of them exclude each other", async () => {
    const io = fakeIo({ env: { KRM_IN_CLUSTER: "true", KRM_CONTEXT: "a" } });
    expect(await run(["monitor"], io)).toBe(EXIT.usage);
    expect(io.stderr.text).toBe("krm: KRM_CONTEXT and KRM_IN_CLUSTER exclude each other. Leave one of them out.\n");
  });

  it("for a server do no harm to a monitor that serves nobody", async () => {
    const io = fakeIo({ env: { KRM_LISTEN: "0.0.0.0:1", KUBECONFIG: "/nonexistent/kubeconfig" } });
    expect(await run(["monitor"], io)).toBe(EXIT.failure);
    expect(io.stderr.text).toContain("/nonexistent/kubeconfig cannot be read");
  });
});
