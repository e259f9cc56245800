// Keep a copy of a running KRM's pods (`npm run demo`), and tell what becomes of them.
//
//     node --conditions=krm-source examples/watch-with-client.ts [url]
import { KrmClient } from "@krm/client";
import type { V1Pod } from "@kubernetes/client-node";

const client = new KrmClient({ url: process.argv[2] ?? "http://127.0.0.1:8003" });
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());

const keyOf = ({ metadata }: V1Pod): string => `${metadata?.namespace}/${metadata?.name}`;

let pods = new Map<string, V1Pod>();
let next = pods;
try {
  const events = client.watch("pods", {
    signal: stop.signal,
    onRetry: ({ message }, delayMs) => console.log(`${message}; again in ${delayMs} ms`),
  });
  for await (const event of events) {
    switch (event.type) {
      case "reset":
        next = new Map();
        break;
      case "synced": {
        // Nobody tells what was deleted while we did not listen: it did not come again.
        const gone = [...pods.keys()].filter((key) => !next.has(key));
        pods = next;
        console.log(`${pods.size} pods at version ${event.resourceVersion}, ${event.freshness.state}`);
        for (const key of gone) console.log(`gone ${key}`);
        break;
      }
      case "deleted":
        next.delete(keyOf(event.object));
        console.log(`deleted ${keyOf(event.object)}`);
        break;
      case "added":
      case "modified":
        next.set(keyOf(event.object), event.object);
        if (next === pods) console.log(`${event.type} ${keyOf(event.object)}`);
        break;
      case "bookmark":
    }
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
}
