import { KrmError } from "@krm/core";

/** Adds to an error about an address what to write instead on this command line. */
export async function listenHint<T>(work: Promise<T>, address: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!KrmError.is(error, "KRM_LISTEN")) throw error;
    const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
    if (code !== "EADDRINUSE") throw error;
    throw new KrmError("KRM_LISTEN", `cannot listen on ${address}: the port is in use`, {
      cause: error,
      hint: "Stop what uses it, or take any free port with --listen 127.0.0.1:0.",
    });
  }
}
