import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { decodeListPage, parseResourceVersion, PODS, type WatchEvent } from "@krm/core";
import { KubernetesSource } from "@krm/kubernetes";
import { frame, json, listBody, podBody, TestServer } from "../../../packages/kubernetes/test/support/test-server.ts";
import { change, touch } from "../changes.ts";
import { httpScene } from "../http-scene.ts";
import type { Figures, Row, RowContext } from "../row.ts";

const FROM = { resourceVersion: parseResourceVersion("7"), timeoutSeconds: 300 };

/** A connection that a NAT forgets: no byte comes, and no end. */
async function halfOpen({ seed }: RowContext): Promise<Figures> {
  await using s = await httpScene({ seed, monitor: { verifyEveryMs: 3_600_000 } });
  for (let i = 0; i < 5; i++) change(s.cluster, s.random);
  await s.equal(20_000, false);
  await s.pass(65_000);
  const forgotten = s.way.forget();
  assert.ok(forgotten > 0);
  for (let i = 0; i < 5; i++) change(s.cluster, s.random);
  // 150 s of silence, and another watch.
  const tookMs = await s.equal(170_000, false);
  const { stalls, lists } = await s.streamer();
  assert.deepEqual([stalls, lists], [1, 1], "found by a second watch, without a list");
  assert.deepEqual(s.drift, []);
  return { "found-s": tookMs / 1000, forgotten, ...(await s.quiet()) };
}

/** Hundreds of watches, each on a socket of its own, and a list that does not wait for them. */
async function separatePools({ brief }: RowContext): Promise<Figures> {
  const count = brief ? 120 : 300;
  await using server = await TestServer.start((request, response) => {
    if (request.url?.includes("/pods/a") === true) return json(response, podBody("a", "3"));
    if (request.url?.includes("watch=true") !== true) return json(response, listBody("7", [podBody("a", "3")]));
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
  });
  await using source = new KubernetesSource({ kubeConfig: server.config() });
  const pods = source.listWatch({ resource: PODS });
  const watches = await Promise.all(Array.from({ length: count }, async () => pods.watch(FROM)));
  const sockets = server.sockets.length;
  assert.ok(sockets >= count, `a socket for each watch: ${sockets}`);
  const from = performance.now();
  assert.equal((await pods.list({})).items.length, 1);
  assert.ok((await pods.get({ namespace: "n", name: "a" })) !== undefined);
  const ms = Math.round(performance.now() - from);
  assert.ok(ms < 2000, `neither a list nor a GET waits for a watch to end: ${ms} ms`);
  return { watches: watches.length, "list-ms": ms };
}

/** The client's own time-outs do not end a quiet watch. */
async function clientTimeouts(): Promise<Figures> {
  const asked: { path: string; bodyTimeout: number | null; headersTimeout: number | null }[] = [];
  const note = (message: unknown): void => {
    const { request } = message as { request: (typeof asked)[number] };
    const { path, bodyTimeout, headersTimeout } = request;
    asked.push({ path, bodyTimeout, headersTimeout });
  };
  let answer: ServerResponse | undefined;
  await using server = await TestServer.start((request, response) => {
    if (request.url?.includes("watch=true") !== true) return json(response, listBody("7", []));
    answer = response.writeHead(200, { "content-type": "application/json" });
    answer.flushHeaders();
  });
  await using source = new KubernetesSource({ kubeConfig: server.config() });
  const pods = source.listWatch({ resource: PODS });
  diagnostics.subscribe("undici:request:create", note);
  try {
    const events = (await pods.watch(FROM))[Symbol.asyncIterator]();
    await pods.list({});
    const [watch, list] = asked;
    assert.ok(watch !== undefined && list !== undefined, "the client tells what it asks");
    assert.equal(watch.bodyTimeout, 0, "a watch may be silent as long as it likes: who watches judges that");
    assert.ok((list.bodyTimeout ?? 0) > 0, "a list may not");
    assert.ok((watch.headersTimeout ?? 0) > 0);
    // Quiet for a while, and then it speaks.
    await sleep(1500);
    answer?.write(frame("ADDED", podBody("late", "8")));
    const { value, done } = await next(events);
    assert.deepEqual([done, value.length], [false, 1]);
  } finally {
    diagnostics.unsubscribe("undici:request:create", note);
  }
  return { requests: asked.length };
}

async function next(
  events: AsyncIterator<readonly WatchEvent[]>,
): Promise<{ value: readonly WatchEvent[]; done: boolean }> {
  for (;;) {
    const { value, done = false } = await events.next();
    if (done || value.length > 0) return { value: done ? [] : value, done };
  }
}

/** A list that is longer than the longest string of V8, as one page. */
async function longList({ brief }: RowContext): Promise<Figures> {
  const limit = 536_870_888;
  const item = (name: string, padding: number): string =>
    `{"metadata":{"name":"${name}","namespace":"n","uid":"u-${name}","resourceVersion":"5"},"data":"${"x".repeat(padding)}"}`;
  // In the short form, the same shape in a hundredth of the size, with no string as long as the page.
  const padding = brief ? 5_000_000 : 60_000_000;
  const parts = [Buffer.from(`{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[`)];
  for (let i = 0; i < 9; i++) parts.push(Buffer.from(`${i > 0 ? "," : ""}${item(`p${i}`, padding)}`));
  parts.push(Buffer.from("]}"));
  const page = Buffer.concat(parts);
  if (!brief) assert.ok(page.length > limit);
  const { toString } = Buffer.prototype;
  let longest = 0;
  Buffer.prototype.toString = function (this: Buffer, ...args: Parameters<Buffer["toString"]>) {
    const text = toString.apply(this, args);
    longest = Math.max(longest, text.length);
    return text;
  };
  const from = performance.now();
  try {
    const { items, resourceVersion } = decodeListPage(page);
    assert.deepEqual([items.length, resourceVersion], [9, "9"]);
    assert.ok(items.every(({ bytes }) => bytes.length > padding));
  } finally {
    Buffer.prototype.toString = toString;
  }
  assert.ok(longest < 100_000, `no string of the size of the page is made, nor of one object: ${longest}`);
  return { "page-mib": Math.round(page.length / 2 ** 20), "decode-ms": Math.round(performance.now() - from) };
}

/** A server, or a proxy, that compresses in several members although nobody asked for it. */
async function gzipMembers(): Promise<Figures> {
  const encodings: (string | undefined)[] = [];
  const body = Buffer.from(
    JSON.stringify(
      listBody(
        "7",
        Array.from({ length: 50 }, (_, i) => podBody(`p${i}`, "3")),
      ),
    ),
  );
  const third = Math.ceil(body.length / 3);
  const members = Buffer.concat([0, 1, 2].map((i) => gzipSync(body.subarray(i * third, (i + 1) * third))));
  await using server = await TestServer.start((request, response) => {
    encodings.push(String(request.headers["accept-encoding"]));
    if (request.url?.includes("watch=true") === true) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(frame("ADDED", podBody("a", "8")) + frame("ADDED", podBody("b", "9")));
      return;
    }
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(members);
  });
  await using source = new KubernetesSource({ kubeConfig: server.config() });
  const pods = source.listWatch({ resource: PODS });
  const { items } = await pods.list({});
  assert.equal(items.length, 50, "all members of a list are read");
  const seen: string[] = [];
  for await (const batch of await pods.watch(FROM))
    for (const event of batch) if ("object" in event) seen.push(event.object.name);
  assert.deepEqual(seen, ["a", "b"]);
  assert.equal(encodings[1], "identity", "a watch is asked for as it is, so that no decoder holds its frames back");
  return { members: 3, objects: items.length };
}

/** Lists without items, and items without a kind. */
async function bareLists(): Promise<Figures> {
  const decode = (text: string): readonly { readonly bytes: Uint8Array }[] => decodeListPage(Buffer.from(text)).items;
  assert.deepEqual(decode(`{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":null}`), []);
  assert.deepEqual(decode(`{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[]}`), []);
  const bare = podBody("a", "3");
  const whole = { kind: "Pod", apiVersion: "v1", ...bare };
  const custom = { apiVersion: "v1", kind: "Pod", ...bare };
  const [x, y, z] = decode(JSON.stringify({ metadata: { resourceVersion: "7" }, items: [bare, whole, custom] }));
  const text = (of: { readonly bytes: Uint8Array } | undefined): string => Buffer.from(of?.bytes ?? []).toString();
  assert.equal(text(x), JSON.stringify(bare));
  assert.deepEqual([text(y), text(z)], [text(x), text(x)], "the same object, however it came");
  let empty = true;
  await using server = await TestServer.start((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":${empty ? "null" : "[]"}}`,
    );
  });
  await using source = new KubernetesSource({ kubeConfig: server.config() });
  for (const now of [true, false]) {
    empty = now;
    assert.deepEqual((await source.listWatch({ resource: PODS }).list({})).items, []);
  }
  return { forms: 5 };
}

/** The token in a file is rotated under a running source. */
async function tokenRotates(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "krm-faults-"));
  try {
    const accepted = { token: "one" };
    const seen: string[] = [];
    await using server = await TestServer.start((request, response) => {
      seen.push(request.headers.authorization ?? "");
      if (request.headers.authorization === `Bearer ${accepted.token}`) json(response, listBody("7", []));
      else json(response, { kind: "Status", code: 401, reason: "Unauthorized", message: "Unauthorized" }, 401);
    });
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "one\n");
    const config = server.config({ authProvider: { name: "tokenFile", config: { tokenFile } } });
    await using source = new KubernetesSource({ kubeConfig: config });
    const pods = source.listWatch({ resource: PODS });
    for (const token of ["one", "two", "three"]) {
      accepted.token = token;
      writeFileSync(tokenFile, `${token}\n`);
      await pods.list({});
    }
    assert.ok(seen.length <= 5, "one try more for each rotation");
    accepted.token = "four";
    const before = seen.length;
    await assert.rejects(pods.list({}), { code: "KRM_API_STATUS" });
    assert.equal(seen.length - before, 2, "read anew once, and then it is told");
    return { rotations: 2, requests: seen.length };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A monitor whose rights are taken away and given back. */
async function unauthorized({ seed }: RowContext): Promise<Figures> {
  await using s = await httpScene({ seed });
  const admin = s.server.users.get("admin");
  assert.ok(admin !== undefined);
  s.server.users.delete("admin");
  s.server.endWatches();
  await s.pass(10_000);
  touch(s.cluster, "p1");
  const { state, view } = await s.status();
  assert.deepEqual([state, view.objects], ["forbidden", 6], "told, and nothing is emptied");
  s.server.users.set(admin);
  await s.pass(95_000);
  const figures = await s.quiet();
  assert.deepEqual(s.drift, []);
  return figures;
}

/** About sockets, bytes and credentials. */
export const TRANSPORT_ROWS: readonly Row[] = [
  { name: "trap 25: half-open TCP", trap: 25, run: halfOpen },
  { name: "trap 26: hundreds of watches do not starve lists", trap: 26, run: separatePools },
  { name: "trap 27: the client's time-outs do not end a quiet watch", trap: 27, run: clientTimeouts },
  { name: "trap 29: a list longer than V8's longest string", trap: 29, run: longList },
  { name: "trap 30: gzip of several members", trap: 30, run: gzipMembers },
  { name: "trap 36: lists without items, items without a kind", trap: 36, run: bareLists },
  { name: "trap 38: the token in a file rotates", trap: 38, run: tokenRotates },
  { name: "trap 38b: 401 for a while", run: unauthorized },
];
