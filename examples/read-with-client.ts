// Read from a running KRM (`npm run demo`): genuine Kubernetes lists, and how far each can be trusted.
//
//     node --conditions=krm-source examples/read-with-client.ts [url]
import { KrmClient, KrmClientError } from "@krm/client";

const client = new KrmClient({ url: process.argv[2] ?? "http://127.0.0.1:8003" });

const pods = await client.getPods({ limit: 3 });
for (const { metadata } of pods.items) console.log(metadata?.name, metadata?.creationTimestamp?.toISOString());

const { state, verifiedAt } = pods.freshness;
console.log(`${state}, complete as of ${verifiedAt?.toISOString()}`);

// Rather an error than an answer that may be older than ten minutes.
const nodes = await client.getNodes({ maxStaleness: "10m" });
console.log(`${nodes.items.length} nodes`);

// One object, and any other resource in one version; `client.resource<Widget>("example.com/v1/widgets")` says the type.
const [first] = pods.items;
const { object } = await client.getPod({
  name: first?.metadata?.name ?? "",
  namespace: first?.metadata?.namespace,
});
console.log(`${object.kind} ${object.metadata?.name} on ${object.spec?.nodeName ?? "no node yet"}`);
const deployments = await client.resource("apps/v1/deployments").list({ limit: 1 });
console.log(`${deployments.items.length} deployment, and ${deployments.metadata.remainingItemCount ?? 0} more`);

// The server's own bytes, to hand them on as they are.
const { bytes } = await client.list("services", { as: "bytes" });
console.log(`${bytes.length} bytes of services`);

// Never older than what was read before, whichever server answers: it is waited for, three seconds at most.
try {
  await client.getPods({ resourceVersion: pods.freshness.resourceVersion });
} catch (error) {
  if (!(error instanceof KrmClientError) || error.code !== "KRM_CLIENT_TOO_STALE") throw error;
  console.log(`not yet; what there is is ${error.freshness?.state}, try again in ${error.retryAfter} s`);
}
