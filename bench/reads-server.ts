import {
  type CommittedMeta,
  decodeObject,
  MemoryStore,
  PODS,
  type ResourceVersion,
  type StoredObject,
} from "@krm/core";
import { createServer } from "@krm/server";
import { generateCluster, SimCluster, writableScope } from "@krm/testkit";

// The KRM server of reads.ts, in a process of its own: its CPU time is what is measured.
const pods = Number(process.argv[2]);
const perNamespace = 500;
const perNode = 200;
const perLabel = 50;

const cluster = new SimCluster();
generateCluster(cluster, { pods, seed: 1 });
const bodies = cluster.list(PODS).items.slice(0, pods);
const groups = (size: number): number => Math.ceil(bodies.length / size);

function podAt(index: number, version: number): StoredObject {
  const body = bodies[index];
  if (body === undefined) throw new Error(`there is no pod ${index}`);
  const metadata = {
    ...body.metadata,
    namespace: `ns-${index % groups(perNamespace)}`,
    labels: { ...body.metadata.labels, group: `g-${index % groups(perLabel)}` },
    resourceVersion: String(version),
  };
  const spec = { ...(body["spec"] as object), nodeName: `node-${index % groups(perNode)}` };
  return decodeObject(Buffer.from(JSON.stringify({ ...body, metadata, spec })));
}

const store = new MemoryStore();
const scope = writableScope(store.scope({ resource: PODS }));
let version = 1000;

function meta(): CommittedMeta {
  const now = Date.now();
  return {
    epoch: 0,
    version: String(version),
    resumeFloor: undefined,
    repairPending: false,
    lastContact: now,
    horizon: "1000",
    verifiedAt: now,
    streamedThrough: String(version) as ResourceVersion,
    snapshotOnly: false,
  };
}

async function put(objects: readonly StoredObject[]): Promise<void> {
  const changes = objects.map((object) => ({
    type: "set" as const,
    object,
    previous: undefined,
    origin: "stream" as const,
    observedAt: Date.now(),
  }));
  await scope.commit({ changes, meta: meta() });
}

await put(bodies.map((_, index) => podAt(index, version)));
const server = await createServer({ store, listen: { host: "127.0.0.1", port: 0 } });
const { url } = await server.listen();

let start = process.cpuUsage();
let turn = 0;
process.on("message", (message: "start" | "stop" | "change") => {
  if (message === "start") start = process.cpuUsage();
  // A pod changes: what a reader's caches have to live with.
  if (message === "change") {
    // Writing is measured elsewhere.
    const before = process.cpuUsage();
    version += 1;
    turn = (turn + 7919) % bodies.length;
    const object = podAt(turn, version);
    void put([object]).then(() => {
      const spent = process.cpuUsage(before);
      start = { user: start.user + spent.user, system: start.system + spent.system };
      process.send?.({ type: "changed" });
    });
  }
  if (message === "stop") {
    const { user, system } = process.cpuUsage(start);
    process.send?.({ type: "used", cpuMs: (user + system) / 1000 });
  }
});
const { bytes } = await scope.store.meta();
process.send?.({ type: "ready", url, objects: bodies.length, bytes });
