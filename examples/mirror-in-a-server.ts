// A web server that answers from a local copy of a running KRM's pods (`npm run demo`): no request asks anybody.
//
//     node --conditions=krm-source examples/mirror-in-a-server.ts [url]
//     curl http://127.0.0.1:PORT/nodes/NODE/pods   curl http://127.0.0.1:PORT/pods?labelSelector=app=web
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { KrmClient, KrmClientError, type MirrorQuery } from "@krm/client";

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());

const client = new KrmClient({ url: process.argv[2] ?? "http://127.0.0.1:8003" });
await using pods = client.mirror("pods", { signal: stop.signal });
pods.events.on("stale", ({ state, warnings }) => console.log(`${state}: ${warnings.join("; ")}`));
pods.events.on("fresh", () => console.log("fresh again"));
pods.events.on("retry", ({ message }, delayMs) => console.log(`${message}; again in ${delayMs} ms`));

function queryOf({ url = "/" }: IncomingMessage): MirrorQuery | undefined {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const asked: MirrorQuery = Object.fromEntries(searchParams);
  if (pathname === "/pods") return asked;
  const [, node] = /^\/nodes\/([^/]+)\/pods$/.exec(pathname) ?? [];
  return node === undefined ? undefined : { ...asked, node };
}

const server = createServer((request, response) => {
  const answer = (status: number, body: unknown): void => {
    // Whoever reads it must see when it may not be true any more.
    const { state, lastContact } = pods.freshness;
    response.writeHead(status, { "content-type": "application/json", "krm-state": state });
    response.end(JSON.stringify({ state, lastContact, ...(body as object) }));
  };
  const query = queryOf(request);
  if (query === undefined) return answer(404, { message: "there are /pods and /nodes/NODE/pods" });
  try {
    const found = pods.list(query).map(({ metadata, status }) => ({
      name: metadata?.name,
      namespace: metadata?.namespace,
      phase: status?.phase,
    }));
    answer(200, { pods: found });
  } catch (error) {
    if (!(error instanceof KrmClientError)) throw error;
    answer(400, { message: error.message, hint: error.hint });
  }
});
try {
  await pods.synced();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  console.log(`${pods.size} pods at http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  // Until it is told to stop; an error where KRM refuses it for good.
  await pods.closed;
} catch (error) {
  if (!stop.signal.aborted) throw error;
} finally {
  server.close();
}
