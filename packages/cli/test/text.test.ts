import { describe, expect, it } from "vitest";
import { errorLine, sentences, tellError } from "../src/errors/error-line.ts";
import { UsageError } from "../src/errors/usage-error.ts";
import { makeLogger } from "../src/logging/logger.ts";
import { EventRate } from "../src/monitoring/event-rate.ts";
import { drawTable, plainLine, type TableLine } from "../src/monitoring/table.ts";
import { LiveRegion } from "../src/terminal/live-region.ts";
import { painter } from "../src/terminal/paint.ts";
import { alignColumns } from "../src/text/columns.ts";
import { shellWord } from "../src/text/shell-word.ts";
import { KrmClientError } from "@krm/client";
import { KrmError } from "@krm/core";
import { Written } from "./fake-io.ts";

describe("errors", () => {
  it("are one line: what, whose fault, the mend", () => {
    const told = tellError(new KrmError("KRM_LISTEN", "cannot listen\n on a:1", { hint: "choose another" }));
    expect(errorLine(told)).toBe("krm: cannot listen on a:1. Choose another");
    expect(told.exitCode).toBe(1);
  });

  it.each([
    ["ECONNREFUSED", "cannot reach a: odd. Start a server with krm monitor --serve or krm demo,"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "cannot reach a: odd. Name the authority that signed its certificate: NODE_"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "cannot reach a: odd. Name the server in --server as its certificate does."],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "cannot reach a: it does not answer with TLS. Write http: in --server"],
  ])("of a connection tell the mend that fits: %s", (code, told) => {
    const cause = new TypeError("fetch failed", { cause: Object.assign(new Error("odd"), { code }) });
    const error = new KrmClientError("KRM_CLIENT_CONNECTION", "cannot reach a: odd", { cause });
    expect(errorLine(tellError(error)).slice("krm: ".length)).toContain(told);
  });

  it("of an answer that is no KRM server's say so", () => {
    const error = new KrmClientError("KRM_CLIENT_NOT_FOUND", "a: HTTP 404", { status: 404 });
    expect(tellError(error).hint).toMatch(/^Check --server: it must name a KRM server/);
  });

  it("do not say the mend twice", () => {
    expect(sentences("wrong: write a=b", "write a=b")).toBe("wrong: write a=b");
  });

  it("cannot move the cursor of the terminal on which they are shown", () => {
    expect(sentences("from \u001b[2Joutside\u009b", undefined)).toBe("from \\u001b[2Joutside\\u009b");
  });

  it.each([
    [new UsageError("a"), 2],
    [new KrmError("KRM_USAGE", "a"), 2],
    [new KrmError("KRM_UNSAFE_LISTEN", "a"), 2],
    [new KrmError("KRM_CONNECTION", "a"), 1],
    [new TypeError("a"), 1],
    ["a", 1],
  ])("end with an exit code: %s", (error, code) => {
    expect(tellError(error).exitCode).toBe(code);
  });
});

describe("the log", () => {
  function lines(format: "text" | "json", level: "debug" | "info" = "info"): [ReturnType<typeof makeLogger>, string[]] {
    const written: string[] = [];
    return [makeLogger({ level, format, colours: false, write: (line) => written.push(line) }), written];
  }

  it("is one line for people, with the error and its mend", () => {
    const [logger, written] = lines("text");
    const err = new KrmError("KRM_CONNECTION", "refused", { hint: "start it" });
    logger.warn({ scope: "v1/pods", err, retryInMs: 800, about: { state: "stale" } }, "no list");
    expect(written).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d WARN {2}v1\/pods: no list: refused\. Start it retryInMs=800\n$/),
    ]);
  });

  it("is JSON for programs, without the stack", () => {
    const [logger, written] = lines("json");
    logger.warn({ err: new KrmError("KRM_CONNECTION", "refused") }, "no list");
    expect(JSON.parse(written[0] ?? "")).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      err: { code: "KRM_CONNECTION", message: "refused" },
      msg: "no list",
    });
  });

  it("shows where an error comes from at debug", () => {
    const [logger, written] = lines("text", "debug");
    logger.error({ err: new Error("odd") }, "broken");
    expect(written[0]).toMatch(/broken: odd\n {4}at .*text\.test\.ts/);
  });

  it("never shows a secret", () => {
    const [logger, written] = lines("json");
    logger.info({ token: "s3cret", user: { password: "s3cret" }, headers: { authorization: "s3cret" } }, "in");
    expect(written[0]).not.toContain("s3cret");
  });
});

describe("tables", () => {
  it("align as kubectl's", () => {
    expect(
      alignColumns([
        ["NAME", "AGE"],
        ["web-1", "5d"],
        ["a", "\u001b[2J"],
      ]),
    ).toEqual(["NAME    AGE", "web-1   5d", "a       \\u001b[2J"]);
  });

  const line: TableLine = {
    name: "pods",
    shortName: "po",
    state: "synced",
    objects: 500,
    eventsPerSecond: 4.26,
    verifiedAgoMs: 90_000,
    drift: 2,
  };

  it("draw a line for each resource, no wider than the terminal", () => {
    const paint = painter(false);
    expect(drawTable([line], 100, paint)).toEqual([
      "RESOURCE   STATE    OBJECTS   EVENTS/S   VERIFIED   DRIFT",
      "pods       synced   500       4.3        90s ago    2",
    ]);
    for (const width of [1, 10, 30]) {
      for (const text of drawTable([line], width, paint))
        expect(text.length).toBeLessThanOrEqual(Math.max(1, width - 1));
    }
  });

  it("go by short names where the terminal is narrow", () => {
    const claims = { ...line, name: "persistentvolumeclaims", shortName: "pvc" };
    expect(drawTable([line, claims], 50, painter(false))).toEqual([
      "RESOURCE STATE  OBJECTS EVENTS/S VERIFIED DRIFT",
      "po       synced 500     4.3      90s ago  2",
      "pvc      synced 500     4.3      90s ago  2",
    ]);
  });

  it("show every column at 40 characters", () => {
    const deployments = { ...line, name: "deployments", shortName: "deploy", drift: 12, verifiedAgoMs: undefined };
    expect(drawTable([line, deployments], 40, painter(false))).toEqual([
      "RES    STATE  OBJ EV/S VERIF DRIFT",
      "po     synced 500 4.3  90s   2",
      "deploy synced 500 4.3  -     12",
    ]);
  });

  it("become one line where nobody watches, which names what is not well", () => {
    const other: TableLine = { ...line, name: "nodes", state: "stale", verifiedAgoMs: undefined };
    expect(plainLine([line])).toBe("pods 500 | 4.3 events/s | verified 90s ago | drift 2 | synced");
    expect(plainLine([line, other])).toBe(
      "pods 500, nodes 500 | 8.5 events/s | verified not yet | drift 4 | nodes stale",
    );
  });

  it("are drawn over again, with logs above them", () => {
    const terminal = new Written(true);
    const region = new LiveRegion(terminal);
    region.draw(["a", "b"]);
    terminal.text = "";
    region.draw(["c"]);
    expect(terminal.text).toBe("\u001b[2A\rc\u001b[K\n\u001b[J");
    terminal.text = "";
    region.above("log\n");
    expect(terminal.text).toBe("\u001b[1A\r\u001b[Jlog\nc\u001b[K\n\u001b[J");
  });
});

describe("rates", () => {
  it("look back ten seconds", () => {
    const rate = new EventRate();
    expect(rate.read(100, 0)).toBe(0);
    expect(rate.read(110, 5000)).toBe(2);
    expect(rate.read(110, 10_000)).toBe(1);
    expect(rate.read(110, 20_000)).toBe(0);
  });

  it("begin again when the counter does", () => {
    const rate = new EventRate();
    rate.read(100, 0);
    expect(rate.read(5, 1000)).toBe(0);
    expect(rate.read(7, 2000)).toBe(2);
  });
});

describe("words of a shell", () => {
  it.each([
    ["/tmp/a-b.c", "/tmp/a-b.c"],
    ["a b", "'a b'"],
    ["it's", "'it'\\''s'"],
    ["", "''"],
  ])("%j", (text, word) => {
    expect(shellWord(text)).toBe(word);
  });
});
