/**
 * First sync and ingest of watch events: KRM's Monitor against @kubernetes/client-node's informer, each in a process of
 * its own, over HTTPS, from the same simulated API server, in turns. Prints medians and ratios; see bench/README.md.
 *
 *     npm run bench -- [--pods 10000] [--events 20000] [--rounds 3]
 */
import { parseArgs } from "node:util";
import type { Usage } from "./sync-and-ingest/messages.ts";
import { Worker } from "./sync-and-ingest/worker.ts";

const { values } = parseArgs({
  options: {
    pods: { type: "string", default: "10000" },
    events: { type: "string", default: "20000" },
    rounds: { type: "string", default: "3" },
  },
});
const pods = Number(values.pods);
const events = Number(values.events);
const rounds = Number(values.rounds);

const worker = (file: string): URL => new URL(`./sync-and-ingest/${file}`, import.meta.url);

/** Changes per message: the API server's own loop must get to write in between. */
const BURST = 200;

const server = new Worker(worker("api-server.ts"), String(pods));
const { kubeconfig = "", bytes = 0 } = await server.answer("ready");
console.error(`${pods} pods of ${(bytes / pods / 1024).toFixed(1)} KiB as JSON, ${events} events, ${rounds} rounds`);

const clients = { krm: "krm-client.ts", informer: "informer-client.ts" } as const;
type Name = keyof typeof clients;
const results: Record<Name, { sync: Usage; ingest: Usage }[]> = { krm: [], informer: [] };

async function round(name: Name): Promise<void> {
  const client = new Worker(worker(clients[name]));
  await client.answer("ready");
  client.tell({ type: "sync", server: kubeconfig, pods });
  const synced = await client.answer("synced");
  if (synced.objects !== pods) throw new Error(`${name} holds ${synced.objects} of ${pods} pods`);
  client.tell({ type: "ingest", events });
  await client.answer("listening");
  const ingested = client.answer("ingested");
  for (let sent = 0; sent < events; sent += BURST) {
    server.tell({ type: "change", events: Math.min(BURST, events - sent) });
    await server.answer("changed");
  }
  results[name].push({ sync: synced.usage, ingest: (await ingested).usage });
  await client.stop();
}

for (let i = 0; i < rounds; i++)
  for (const name of ["krm", "informer"] as const) {
    await round(name);
    console.error(`round ${i + 1}: ${name} done`);
  }
await server.stop();

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const of = (name: Name, pick: (one: { sync: Usage; ingest: Usage }) => number): number =>
  median(results[name].map(pick));
const mb = 1024 * 1024;

const figures: readonly [string, (one: { sync: Usage; ingest: Usage }) => number, "less" | "more"][] = [
  ["first sync, CPU s", (r) => r.sync.cpuMs / 1000, "less"],
  ["first sync, wall s", (r) => r.sync.wallMs / 1000, "less"],
  ["after sync, MiB above idle", (r) => r.sync.residentBytes / mb, "less"],
  ["during sync, peak MiB above idle", (r) => r.sync.peakBytes / mb, "less"],
  ["ingest, events per CPU s", (r) => events / (r.ingest.cpuMs / 1000), "more"],
  ["after ingest, MiB above idle", (r) => r.ingest.residentBytes / mb, "less"],
];
console.log("| figure (median) | KRM | client-node informer | ratio |\n|---|---|---|---|");
for (const [label, pick, better] of figures) {
  const [krm, informer] = [of("krm", pick), of("informer", pick)];
  const digits = krm >= 100 ? 0 : 2;
  const ratio = better === "less" ? krm / informer : krm / informer;
  console.log(`| ${label} | ${krm.toFixed(digits)} | ${informer.toFixed(digits)} | ${ratio.toFixed(2)} |`);
}
