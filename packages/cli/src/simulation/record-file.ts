import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { recordHistory, type SimCluster } from "@krm/testkit";
import { fileError } from "../files/file-error.ts";

/** A recording that goes on until it is disposed; then everything recorded is in the file. */
export interface Recording extends AsyncDisposable {
  /** Rejects when the file cannot be written any more; never resolves. */
  readonly failed: Promise<never>;
  /** Begins to record. */
  start(cluster: SimCluster): void;
}

/**
 * Opens a file for the history of a cluster; what was in it is overwritten.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` when it cannot be opened.
 */
export async function openRecording(file: string): Promise<Recording> {
  const stream = createWriteStream(file);
  const what = `cannot write the record ${file}`;
  try {
    await once(stream, "open");
  } catch (error) {
    throw fileError(error, what);
  }
  const failed = new Promise<never>((_resolve, reject) => {
    stream.on("error", (error) => reject(fileError(error, what)));
  });
  // Whoever races it gets the failure; until then it must not count as unhandled.
  failed.catch(() => {});
  let stop: (() => void) | undefined;
  return {
    failed,
    start(cluster) {
      stop = recordHistory(cluster, (line) => stream.write(line));
    },
    async [Symbol.asyncDispose]() {
      stop?.();
      stream.end();
      // A failure was told by `failed`.
      await finished(stream).catch(() => {});
    },
  };
}
