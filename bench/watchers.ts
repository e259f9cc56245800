/**
 * What one delivery costs the server, in its CPU time: 1,000 watches over HTTP/1.1, told of one event every 27 ms. The
 * readers are a process of their own, and not counted.
 *
 *     npm run bench:watchers -- [--watchers 1000] [--events 300] [--every 27] [--bytes 5000] [--tls]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectSecurely } from "node:tls";
import { parseArgs } from "node:util";
import { parseFieldSelector, parseListOptions } from "@krm/apimachinery";
import { decodeObject, MemoryStore, PODS, type ResourceVersion, type StoredObject, type ViewCommit } from "@krm/core";
import { createTlsMaterial, writableScope } from "@krm/testkit";
import { streamTo } from "../packages/server/src/watch/response-sink.ts";
import { WatchHub } from "../packages/server/src/watch/watch-hub.ts";

const { values } = parseArgs({
  options: {
    watchers: { type: "string", default: "1000" },
    events: { type: "string", default: "300" },
    every: { type: "string", default: "27" },
    bytes: { type: "string", default: "5000" },
    tls: { type: "boolean", default: false },
    readers: { type: "string" },
  },
});
const [watchers, events, every, bytes] = [values.watchers, values.events, values.every, values.bytes].map(Number) as [
  number,
  number,
  number,
  number,
];

const LINE_FEED = 0x0a;
const CLOSE_BRACE = 0x7d;

/** The other process: opens the watches, and tells when each has got every event. */
async function read(port: number): Promise<void> {
  const sockets: Socket[] = [];
  const complete = Promise.withResolvers<void>();
  let left = watchers;
  for (let i = 0; i < watchers; i++) {
    const socket = values.tls
      ? connectSecurely({ port, host: "127.0.0.1", rejectUnauthorized: false })
      : connect(port, "127.0.0.1");
    sockets.push(socket);
    await once(socket, values.tls ? "secureConnect" : "connect");
    let frames = 0;
    let endsInBrace = false;
    socket.on("data", (chunk: Buffer) => {
      if (frames >= events) return;
      // A frame ends in the only "}\n" that there is, which may come in two pieces.
      if (endsInBrace && chunk[0] === LINE_FEED) frames++;
      for (let at = chunk.indexOf("}\n"); at >= 0; at = chunk.indexOf("}\n", at + 2)) frames++;
      endsInBrace = chunk.at(-1) === CLOSE_BRACE;
      if (frames >= events && --left === 0) complete.resolve();
    });
    socket.write("GET /pods?watch=1&resourceVersion=1 HTTP/1.1\r\nhost: localhost\r\n\r\n");
  }
  process.send?.("open");
  await complete.promise;
  process.send?.("complete");
  for (const socket of sockets) socket.destroy();
  process.disconnect();
}

function pod(version: number): StoredObject {
  const metadata = {
    name: "a",
    namespace: "team-a",
    uid: "u",
    resourceVersion: String(version),
    labels: { app: "web" },
  };
  return decodeObject(Buffer.from(JSON.stringify({ metadata, spec: { filling: "x".repeat(bytes) } })));
}

function commit(version: number): ViewCommit {
  return {
    changes: [{ type: "set", object: pod(version), previous: undefined, origin: "stream", observedAt: 0 }],
    meta: {
      epoch: 0,
      version: String(version),
      resumeFloor: undefined,
      repairPending: false,
      horizon: undefined,
      verifiedAt: undefined,
      streamedThrough: String(version) as ResourceVersion,
      lastContact: 0,
      snapshotOnly: false,
    },
  };
}

async function serve(): Promise<void> {
  await using store = new MemoryStore();
  await using hub = new WatchHub({ store });
  const to = writableScope(store.scope({ resource: PODS }));
  await to.commit(commit(1));
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const options = parseListOptions(new URL(request.url ?? "", "http://localhost").searchParams, "watch");
    const fields = parseFieldSelector("", PODS);
    const view = { representation: { type: "json" }, includeObject: "Metadata" } as const;
    const query = { scopes: [{ resource: PODS }] as const, namespace: undefined, options, fields, view };
    void hub.open(query, () => streamTo(response));
  };
  const server = values.tls ? createSecureServer(await createTlsMaterial(), answer) : createServer(answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address() as { readonly port: number };
  const readers = fork(import.meta.filename, ["--readers", String(address.port), ...process.argv.slice(2)], {
    execArgv: ["--conditions=krm-source"],
  });
  await once(readers, "message");
  while (hub.counts.open < watchers) await delay(10);
  const idle = process.memoryUsage().rss;
  const before = process.cpuUsage();
  const began = performance.now();
  const complete = once(readers, "message");
  for (let i = 0; i < events; i++) {
    await to.commit(commit(2 + i));
    await delay(every);
  }
  await complete;
  const { user, system } = process.cpuUsage(before);
  const deliveries = watchers * events;
  const [each, mib] = [(user + system) / deliveries, (process.memoryUsage().rss - idle) / 2 ** 20];
  const { framed, ended } = hub.counts;
  console.log(
    `${deliveries} deliveries of ${bytes} bytes${values.tls ? " over TLS" : ""}: ${each.toFixed(1)} µs CPU each (user ${(user / deliveries).toFixed(1)}), ` +
      `${framed} frames made, ${ended.slow} cut, ${((performance.now() - began) / 1000).toFixed(1)} s, +${mib.toFixed(0)} MiB`,
  );
  server.closeAllConnections();
  server.close();
}

if (values.readers === undefined) await serve();
else await read(Number(values.readers));
