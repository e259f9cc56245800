import { KrmClient } from "@krm/client";
import { makeInformer } from "@krm/client/informer";
import type { V1Pod } from "@kubernetes/client-node";
import { serveClient } from "../sync-and-ingest/serve-client.ts";
import { counted } from "./counted.ts";

// The informer of @krm/client.
const { count, events } = counted();

serveClient({
  async sync(url) {
    const informer = makeInformer<V1Pod>(new KrmClient({ url }), "/api/v1/pods");
    informer.on("change", count);
    await informer.start();
    return informer.list().length;
  },
  events,
});
