import { describe, expect, test } from "vitest";
import { type CallOptions, type ListWatch, systemClock, type WatchEvent, type WatchRequest } from "../src/index.ts";
import { WatchConnection } from "../src/stream/watch-connection.ts";
import { storedObject } from "./support/objects.ts";

const batches: readonly (readonly WatchEvent[])[] = [
  [{ type: "ADDED", object: storedObject("a", "u", "8") }],
  [{ type: "DELETED", object: storedObject("a", "u", "9") }],
];

/** A watch that tells {@link batches} and then waits; `signal` is what it was given. */
function listening(): { readonly connection: WatchConnection; readonly signal: () => AbortSignal | undefined } {
  let given: AbortSignal | undefined;
  const watch = async (_: WatchRequest, options?: CallOptions): Promise<AsyncIterable<readonly WatchEvent[]>> => {
    given = options?.signal;
    return (async function* () {
      for (const batch of batches) yield batch;
      await new Promise((_resolve, reject) => given?.addEventListener("abort", () => reject(given?.reason as Error)));
    })();
  };
  const request = { resourceVersion: undefined, timeoutSeconds: 300 };
  return {
    connection: new WatchConnection({ watch } as unknown as ListWatch, request, systemClock),
    signal: () => given,
  };
}

describe("one watch", () => {
  test("is read in steps; what is given back comes next", async () => {
    const { connection } = listening();
    await connection.open();
    const { value } = await connection.next();
    expect(value).toBe(batches[0]);
    connection.unread(batches[0] ?? []);
    expect((await connection.next()).value).toBe(batches[0]);
    expect((await connection.next()).value).toBe(batches[1]);
    connection.close();
  });

  test("that is closed before anyone reads it is closed at the server too", async () => {
    const { connection, signal } = listening();
    await connection.open();
    expect(signal()?.aborted).toBe(false);
    connection.close();
    expect(signal()?.aborted).toBe(true);
  });

  test("that is closed while it is read tells the reader why", async () => {
    const { connection } = listening();
    await connection.open();
    await connection.next();
    await connection.next();
    const reading = connection.next();
    const reason = new Error("enough");
    connection.close(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(connection.next()).rejects.toBe(reason);
  });

  test("that is closed while it opens rejects, also when the source does not care", async () => {
    const watch = (): Promise<never> => new Promise(() => {});
    const request = { resourceVersion: undefined, timeoutSeconds: 300 };
    const connection = new WatchConnection({ watch } as unknown as ListWatch, request, systemClock);
    const opening = connection.open();
    const reason = new Error("enough");
    connection.close(reason);
    await expect(opening).rejects.toBe(reason);
  });

  test("that cannot be opened rejects as the source does, also by a throw", async () => {
    const failure = new Error("no");
    const watch = (): never => {
      throw failure;
    };
    const request = { resourceVersion: undefined, timeoutSeconds: 300 };
    const connection = new WatchConnection({ watch } as unknown as ListWatch, request, systemClock);
    await expect(connection.open()).rejects.toBe(failure);
  });
});
