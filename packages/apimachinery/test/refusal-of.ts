import { StatusError } from "../src/index.ts";

/** The StatusError that `run` throws; undefined where it throws none. Any other error is passed on: it is a bug. */
export function refusalOf(run: () => unknown): StatusError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}
