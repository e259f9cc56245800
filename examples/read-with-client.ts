// Read from a running KRM (`npm run demo`): genuine Kubernetes lists, and how far each can be trusted.
//
//     node --conditions=krm-source examples/read-with-client.ts [url]
import { KrmClient } from "@krm/client";

const client = new KrmClient({ url: process.argv[2] ?? "http://127.0.0.1:8003" });

const pods = await client.getPods({ limit: 3 });
for (const { metadata } of pods.items) console.log(metadata?.name, metadata?.creationTimestamp?.toISOString());

const { state, verifiedAt } = pods.freshness;
console.log(`${state}, complete as of ${verifiedAt?.toISOString()}`);

// Rather an error than an answer that may be older than ten minutes.
const nodes = await client.getNodes({ maxStaleness: "10m" });
console.log(`${nodes.items.length} nodes`);
