import type { Place } from "./progress.ts";

/** Writes a place down as a store keeps it. */
export function writeCheckpoint({ cursor, memo }: Place): string {
  return JSON.stringify(memo === undefined ? { cursor } : { cursor, memo });
}

/** Reads what {@link writeCheckpoint} wrote; undefined for anything else, which then is as if there were nothing. */
export function readCheckpoint(text: string | undefined): Place | undefined {
  if (text === undefined) return undefined;
  try {
    const { cursor, memo } = JSON.parse(text) as { readonly cursor?: unknown; readonly memo?: unknown };
    if (typeof cursor !== "string") return undefined;
    return { cursor, memo: typeof memo === "string" ? memo : undefined };
  } catch {
    return undefined;
  }
}
