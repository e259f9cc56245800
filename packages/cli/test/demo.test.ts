import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { EXIT, run } from "../src/index.ts";
import { fakeIo } from "./fake-io.ts";

const BIN = fileURLToPath(new URL("../src/bin.ts", import.meta.url));
const DEMO = ["demo", "--listen", "127.0.0.1:0", "--pods", "20"];

describe("krm demo", () => {
  it("piped: says what to try, answers, and writes plain lines", async () => {
    const io = fakeIo();
    const code = run(DEMO, io);
    const url = (await io.stdout.matching(/is served at (http:\S+)/))[1] ?? "";
    await io.stdout.matching(/pods \d+, deployments \d+, .* events\/s \| verified .* \| drift \d+ \| synced\n/);
    const answer = await fetch(`${url}/pods?limit=2`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("krm-state")).toBe("synced");
    expect(((await answer.json()) as { items: unknown[] }).items).toHaveLength(2);
    const status = (await (await fetch(`${url}/status?delays=1h`)).json()) as { scopes: { delays?: object }[] };
    expect(status.scopes.map(({ delays }) => delays)).toEqual(
      status.scopes.map(() => ({ since: expect.any(String), minutes: expect.any(Array) })),
    );
    const page = await fetch(/Open (\S+) in a browser/.exec(io.stdout.text)?.[1] ?? "", {
      headers: { accept: "text/html" },
    });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const byLabel = /curl '(\S+labelSelector=\S+)'/.exec(io.stdout.text)?.[1] ?? "";
    expect(((await (await fetch(byLabel)).json()) as { items: unknown[] }).items).not.toHaveLength(0);
    io.end();
    expect(await code).toBe(EXIT.ok);
    // oxlint-disable-next-line no-control-regex -- nothing for terminals in a pipe
    expect(io.stdout.text + io.stderr.text).not.toMatch(/\u001b/);
  }, 30_000);

  it("on a terminal: draws a table in place", async () => {
    const io = fakeIo({ env: { TERM: "xterm" }, terminal: true });
    const code = run(DEMO, io);
    await io.stdout.matching(/RESOURCE +STATE +OBJECTS +EVENTS\/S +VERIFIED +DRIFT/);
    // oxlint-disable-next-line no-control-regex -- the cursor goes back over the seven lines
    await io.stdout.matching(/\u001b\[7A\r/);
    io.end();
    expect(await code).toBe(EXIT.ok);
  }, 30_000);

  it("names a port in use before anything else", async () => {
    const first = fakeIo();
    const running = run(DEMO, first);
    const port = (await first.stdout.matching(/is served at http:\/\/127\.0\.0\.1:(\d+)/))[1] ?? "";
    const second = fakeIo();
    expect(await run(["demo", "--listen", `127.0.0.1:${port}`], second)).toBe(EXIT.failure);
    expect(second.stderr.text).toBe(
      `krm: cannot listen on 127.0.0.1:${port}: the port is in use. Stop what uses it, or take any free port with --listen 127.0.0.1:0.\n`,
    );
    expect(second.stdout.text).toBe("");
    first.end();
    await running;
  }, 30_000);

  it.each(["SIGINT", "SIGTERM"] as const)(
    "as a process of its own ends well by %s",
    async (signal) => {
      const child = spawn(process.execPath, ["--conditions=krm-source", BIN, ...DEMO], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      const output = fakeIo();
      child.stdout.setEncoding("utf8").on("data", (text: string) => output.stdout.write(text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => output.stderr.write(text));
      const ended = once(child, "close");
      const url = (await output.stdout.matching(/is served at (http:\S+)/))[1] ?? "";
      expect((await fetch(`${url}/pods`)).status).toBe(200);
      child.kill(signal);
      expect([...(await ended), output.stderr.text.includes("krm:")]).toEqual([EXIT.ok, null, false]);
    },
    30_000,
  );
});
