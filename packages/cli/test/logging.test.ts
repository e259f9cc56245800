import { KrmError, PODS } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { EXIT, run } from "../src/index.ts";
import { Interrupted } from "../src/interrupted.ts";
import { makeLogger } from "../src/logging/logger.ts";
import { roleLogger } from "../src/logging/role-logger.ts";
import { tellEnd } from "../src/logging/tell-end.ts";
import { newsOf } from "../src/monitoring/condition-news.ts";
import { standingCondition } from "../src/monitoring/standings.ts";
import { fakeIo } from "./fake-io.ts";
import { recordingLogger } from "./recording-logger.ts";

function written(format: "json" | "text", log: (logger: ReturnType<typeof makeLogger>) => void): string {
  let text = "";
  log(makeLogger({ level: "info", format, colours: false, write: (line) => (text += line) }));
  return text;
}

function json(log: (logger: ReturnType<typeof makeLogger>) => void): Record<string, unknown> {
  const { time, ...rest } = JSON.parse(written("json", log)) as Record<string, unknown>;
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  return rest;
}

describe("a line of JSON", () => {
  it("says which role of which resource in which namespace it is about, beside what it says", () => {
    const line = json((logger) =>
      logger.info({ scope: "v1/pods@team-a", roles: ["merger"], retryInMs: 5 }, "the role was lost"),
    );
    expect(line).toEqual({
      level: "info",
      role: "merger",
      resource: "v1/pods",
      namespace: "team-a",
      retryInMs: 5,
      msg: "the role was lost",
    });
  });

  it("has what `about` says for programs beside the rest, and leaves it out for people", () => {
    const say = (logger: ReturnType<typeof makeLogger>): void =>
      logger.warn({ about: { role: "streamer", scopes: ["apps/v1/deployments"], doing: "watching" }, n: 1 }, "hm");
    expect(json(say)).toEqual({
      level: "warn",
      role: "streamer",
      resource: "apps/v1/deployments",
      doing: "watching",
      n: 1,
      msg: "hm",
    });
    expect(written("text", say)).toMatch(/^\S+ WARN {2}hm n=1\n$/);
  });

  it("keeps several of them together", () => {
    const line = json((logger) => logger.info({ about: { scopes: ["v1/pods", "v1/nodes"], roles: ["a", "b"] } }, "x"));
    expect(line).toEqual({ level: "info", roles: ["a", "b"], scopes: ["v1/pods", "v1/nodes"], msg: "x" });
  });

  it("tells an error by code, message and hint, thrown or reported", () => {
    const thrown = new KrmError("KRM_CONNECTION", "refused", { hint: "is it running?" });
    const parts = { code: "KRM_CONNECTION", message: "refused", hint: "is it running?" };
    expect(json((logger) => logger.warn({ err: thrown }, "x"))["err"]).toEqual(parts);
    const reported = { ...parts, status: undefined };
    expect(json((logger) => logger.warn({ about: { err: reported } }, "x"))["err"]).toEqual(parts);
    expect(json((logger) => logger.warn({ err: "text" }, "x"))["err"]).toEqual({ message: "text" });
  });

  it.each(["json", "text"] as const)("never holds a login, whoever put it there (%s)", (format) => {
    const url = "redis://me:s3cret@127.0.0.1:6379/0";
    const text = written(format, (logger) => {
      logger.info({ url, deep: { list: [url] }, err: new Error(`cannot reach ${url}`) }, `at ${url}`);
      logger.info({ token: "s3cret", password: "s3cret", a: { token: "s3cret" } }, "x");
    });
    expect(text).not.toMatch(/s3cret|me:/);
    expect(text).toContain("redis://[redacted]@127.0.0.1:6379/0");
  });

  it("of a process has its role, unless the line is about another", () => {
    const lines = ["own", "other"].map((msg) =>
      json((logger) => roleLogger(logger, "monitor").info(msg === "own" ? {} : { about: { role: "merger" } }, msg)),
    );
    expect(lines.map(({ role }) => role)).toEqual(["monitor", "merger"]);
  });
});

describe("news", () => {
  const conditions = ["a", "b"].map((namespace) =>
    standingCondition({ resource: PODS, namespace }, "merger", "holding"),
  );

  it("of scopes that changed alike are one line for people, and one for each for programs", () => {
    const texts = (each: boolean): readonly string[] =>
      newsOf(conditions, new Map(), { each }).news.map(({ text }) => text);
    expect(texts(false)).toEqual(["pods in a, pods in b: merged by this process"]);
    expect(texts(true)).toEqual(["pods in a: merged by this process", "pods in b: merged by this process"]);
    const { told } = newsOf(conditions, new Map(), { each: true });
    expect(newsOf(conditions, told, { each: true }).news).toEqual([]);
  });
});

describe("the end", () => {
  it("is told when it is asked for, by which signal, and when it has come", () => {
    const stop = new AbortController();
    const logger = recordingLogger();
    const telling = tellEnd(logger, new ManualClock(), stop.signal);
    stop.abort(new Interrupted("SIGTERM"));
    expect(logger.lines).toEqual(["info stopping: ended by SIGTERM"]);
    telling[Symbol.dispose]();
    expect(logger.lines[1]).toBe("info stopped after 0.0 s");
  });

  it("of a command that was not asked to end is no news", () => {
    const logger = recordingLogger();
    tellEnd(logger, new ManualClock(), new AbortController().signal)[Symbol.dispose]();
    expect(logger.lines).toEqual([]);
  });
});

describe("--log-format", () => {
  async function failure(format: string | undefined, terminal: boolean): Promise<string> {
    const flags = format === undefined ? [] : ["--log-format", format];
    const io = fakeIo({ terminal });
    const argv = ["monitor", "pods", "--serve", "--listen", "127.0.0.1:0", "--kubeconfig", "/nowhere", ...flags];
    expect(await run(argv, io)).toBe(EXIT.failure);
    return io.stderr.text;
  }

  it("auto is text on a terminal and JSON elsewhere, also for why the command ends", async () => {
    expect(await failure(undefined, true)).toMatch(/^krm: kubeconfig \/nowhere cannot be read/);
    expect(JSON.parse(await failure(undefined, false))).toMatchObject({
      level: "error",
      err: { code: "KRM_INVALID_KUBECONFIG", hint: expect.stringContaining("--kubeconfig") },
      msg: expect.stringMatching(/^kubeconfig \/nowhere cannot be read/),
    });
  });

  it("json and text are so everywhere", async () => {
    expect(await failure("json", true)).toMatch(/^\{"level":"error"/);
    expect(await failure("text", false)).toMatch(/^krm: /);
  });

  it("is a variable too, and knows its words", async () => {
    const io = fakeIo({ env: { KRM_LOG_FORMAT: "xml" } });
    expect(await run(["monitor"], io)).toBe(EXIT.usage);
    expect(io.stderr.text).toBe('krm: KRM_LOG_FORMAT: "xml" is not one of auto, json, text\n');
  });
});
