import {
  type CommittedMeta,
  decodeObject,
  MemoryStore,
  PODS,
  type ResourceVersion,
  type StoredObject,
} from "@krm/core";
import { createServer } from "@krm/server";
import { writableScope } from "@krm/testkit";
import { type Answer, serveMeasure } from "./messages.ts";
import { BenchPods } from "./pods.ts";

// The KRM server of reads.ts, in a process of its own: its CPU time is what is measured.
const pods = new BenchPods(Number(process.argv[2]));
const store = new MemoryStore();
const scope = writableScope(store.scope({ resource: PODS }));
let version = 1000;

function podAt(index: number): StoredObject {
  const body = pods.at(index);
  const metadata = { ...body.metadata, resourceVersion: String(version) };
  return decodeObject(Buffer.from(JSON.stringify({ ...body, metadata })));
}

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

await put(Array.from({ length: pods.count }, (_, index) => podAt(index)));
const server = await createServer({ store, listen: { host: "127.0.0.1", port: 0 } });
const { url } = await server.listen();

let turn = 0;
serveMeasure(async () => {
  // A pod changes: what a reader's caches have to live with.
  version += 1;
  turn = (turn + 7919) % pods.count;
  await put([podAt(turn)]);
});
const { bytes } = await scope.store.meta();
process.send?.({ type: "ready", url, objects: pods.count, bytes } satisfies Answer);
