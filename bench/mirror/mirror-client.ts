import { KrmClient, type Mirror } from "@krm/client";
import { serveClient } from "../sync-and-ingest/serve-client.ts";
import { counted } from "./counted.ts";

// Loaded before anything is measured, as for the informers.
await import("@kubernetes/client-node");

// A mirror of @krm/client, as its own documentation uses it; with `json` as an argument, of plain JSON.
const { count, events } = counted();

function follow<T>(mirror: Mirror<T>): Mirror<T> {
  mirror.events.on("add", count);
  mirror.events.on("update", count);
  mirror.events.on("delete", count);
  mirror.events.on("reset", (reason) => {
    if (reason !== "start") throw new Error(`the mirror began anew: ${reason}`);
  });
  return mirror;
}

serveClient({
  async sync(url) {
    const client = new KrmClient({ url });
    const json = process.argv[2] === "json";
    const mirror = json ? follow(client.mirror("pods", { as: "json" })) : follow(client.mirror("pods"));
    await mirror.synced();
    return mirror.size;
  },
  events,
});
