// What a program does with the client, on whatever runs it: it is bundled with the client, and tells a line of each step.
import { KrmClient, type KrmClientOptions } from "@krm/client";

/** The steps: a list, the same once more, bytes, one object, a mirror, and a watch that is told of one change and then left. */
export async function readAndWatch(options: KrmClientOptions, tell: (line: string) => void): Promise<void> {
  const statuses: number[] = [];
  const client = new KrmClient({
    ...options,
    cache: { maxBytes: 10_000_000 },
    fetch: async (...args) => {
      const response = await fetch(...args);
      statuses.push(response.status);
      return response;
    },
  });
  const pods = await client.getPods({ as: "json" });
  tell(`${pods.items.length} pods, ${pods.freshness.state}`);
  let again = pods;
  // A bookmark in between makes it another list.
  while (statuses.at(-1) !== 304) again = await client.getPods({ as: "json" });
  tell(`again ${again.items.length}, not sent`);

  const { bytes } = await client.getPods({ as: "bytes" });
  tell(`bytes begin ${new TextDecoder().decode(bytes.subarray(0, 17))}`);
  const { name = "", namespace = "" } = pods.items[0]?.metadata ?? {};
  const { object } = await client.getPod({ name, namespace, as: "json" });
  tell(`one ${object.kind} ${object.metadata?.name === name}`);
  const missing = await client.getPod({ name: "none", as: "json" }).catch((error: unknown) => error);
  tell(`none ${missing instanceof Error && "code" in missing && missing.code === "KRM_CLIENT_NOT_FOUND"}`);

  const mirror = client.mirror("pods", { as: "json" });
  await mirror.synced();
  tell(`mirrored ${mirror.size}, ${mirror.get(name, namespace)?.metadata?.name === name}`);
  await mirror.close();

  const stop = new AbortController();
  const reason = new Error("seen enough");
  let added = 0;
  try {
    for await (const event of client.watch("pods", { as: "json", signal: stop.signal })) {
      if (event.type === "added") added++;
      else if (event.type === "synced") tell(`synced after ${added}`);
      else if (event.type === "modified") {
        tell(`modified ${event.object.metadata?.labels?.["seen"]}`);
        stop.abort(reason);
      }
    }
  } catch (error) {
    tell(`ended ${error === reason}`);
  }
}
