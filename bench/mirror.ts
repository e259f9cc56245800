/**
 * What a copy of 10,000 pods costs the program that keeps it: mirrors and the informer of @krm/client, which read from a
 * KRM over HTTP, against @kubernetes/client-node's informer straight on the simulated API server over HTTPS. Each is a
 * process of its own, in turns. Prints medians and ratios; see bench/README.md.
 *
 *     npm run bench:mirror -- [--pods 10000] [--events 10000] [--rounds 3]
 */
import { parseArgs } from "node:util";
import type { Usage } from "./sync-and-ingest/messages.ts";
import { Worker } from "./sync-and-ingest/worker.ts";

const { values } = parseArgs({
  options: {
    pods: { type: "string", default: "10000" },
    events: { type: "string", default: "10000" },
    rounds: { type: "string", default: "3" },
  },
});
const pods = Number(values.pods);
const events = Number(values.events);
const rounds = Number(values.rounds);

/** Changes per message: the API server's own loop must get to write in between. */
const BURST = 200;

interface Round {
  readonly sync: Usage;
  readonly ingest: Usage;
}

const file = (path: string): URL => new URL(path, import.meta.url);
const api = new Worker(file("./sync-and-ingest/api-server.ts"), String(pods));
const { bytes = 0, kubeconfig = "" } = await api.answer("ready");
const krm = new Worker(file("./mirror/krm-server.ts"), kubeconfig);
const { bytes: kept = 0, url = "" } = await krm.answer("ready");
const size = (all: number): string => `${(all / pods / 1024).toFixed(1)} KiB`;
console.error(`${pods} pods of ${size(bytes)} as JSON, ${size(kept)} as KRM keeps them; ${events} events`);

const CLIENTS = {
  "client-node informer": () => new Worker(file("./sync-and-ingest/informer-client.ts")),
  mirror: () => new Worker(file("./mirror/mirror-client.ts")),
  "mirror, JSON": () => new Worker(file("./mirror/mirror-client.ts"), "json"),
  "KRM informer": () => new Worker(file("./mirror/informer-client.ts")),
} as const;
type Name = keyof typeof CLIENTS;
const PEER: Name = "client-node informer";
const names = Object.keys(CLIENTS) as readonly Name[];
const results = new Map<Name, Round[]>(names.map((name) => [name, []]));

async function round(name: Name): Promise<Round> {
  const client = CLIENTS[name]();
  await client.answer("ready");
  client.tell({ type: "sync", server: name === PEER ? kubeconfig : url, pods });
  const synced = await client.answer("synced");
  if (synced.objects !== pods) throw new Error(`${name} holds ${synced.objects} of ${pods} pods`);
  client.tell({ type: "ingest", events });
  await client.answer("listening");
  const ingested = client.answer("ingested");
  for (let sent = 0; sent < events; sent += BURST) {
    api.tell({ type: "change", events: Math.min(BURST, events - sent) });
    await api.answer("changed");
  }
  const { usage: ingest } = await ingested;
  await client.stop();
  return { sync: synced.usage, ingest };
}

for (let i = 0; i < rounds; i++)
  for (const name of names) {
    results.get(name)?.push(await round(name));
    console.error(`round ${i + 1}: ${name} done`);
  }
await krm.stop();
await api.stop();

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const MIB = 1024 * 1024;
const FIGURES: readonly (readonly [label: string, pick: (one: Round) => number])[] = [
  ["first sync, CPU s", ({ sync }) => sync.cpuMs / 1000],
  ["first sync, wall s", ({ sync }) => sync.wallMs / 1000],
  ["after sync, heap, MiB above idle", ({ sync }) => sync.heapBytes / MIB],
  ["after sync, resident, MiB above idle", ({ sync }) => sync.residentBytes / MIB],
  ["during sync, peak, MiB above idle", ({ sync }) => sync.peakBytes / MIB],
  ["events, CPU ms for 1,000", ({ ingest }) => (ingest.cpuMs / events) * 1000],
  ["after events, heap, MiB above idle", ({ ingest }) => ingest.heapBytes / MIB],
  ["after events, resident, MiB above idle", ({ ingest }) => ingest.residentBytes / MIB],
];
const others = names.filter((name) => name !== PEER);
console.log(`| figure (median of ${rounds}) | ${PEER} | ${others.map((name) => `${name} | ratio`).join(" | ")} |`);
console.log(`|---|---|${others.map(() => "---|---|").join("")}`);
for (const [label, pick] of FIGURES) {
  const of = (name: Name): number => median((results.get(name) ?? []).map(pick));
  const shown = (figure: number): string => figure.toFixed(figure >= 100 ? 0 : 2);
  const cells = others.map((name) => `${shown(of(name))} | ${(of(name) / of(PEER)).toFixed(2)}`);
  console.log(`| ${label} | ${shown(of(PEER))} | ${cells.join(" | ")} |`);
}
