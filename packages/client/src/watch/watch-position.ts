import type { WatchResetReason } from "./watch-event.ts";

/** How far a watch is, and so what its next connection asks for. */
export type WatchPosition =
  /** Nothing can be gone on from: ask for all that there is. */
  | { readonly phase: "fresh"; readonly reason: WatchResetReason }
  /** All that there is comes, in no order. */
  | { readonly phase: "initial" }
  /** All up to this version was told. `silent`: the last connection asked for what follows, and heard nothing. */
  | { readonly phase: "following"; readonly version: string; readonly silent: boolean };

/** Where a watch begins. */
export function startAt(version: string | undefined): WatchPosition {
  return version === undefined ? { phase: "fresh", reason: "start" } : following(version);
}

/** After an event or a bookmark. */
export function told(position: WatchPosition, version: string, endsInitial: boolean): WatchPosition {
  return position.phase === "following" || endsInitial ? following(version) : position;
}

/** Whether there is something new to go on from. */
export function movedOn(from: WatchPosition, to: WatchPosition): boolean {
  return to.phase === "following" && !(from.phase === "following" && from.version === to.version);
}

/** After the connection is gone. */
export function disconnected(position: WatchPosition): WatchPosition {
  return position.phase === "initial" ? { phase: "fresh", reason: "interrupted" } : position;
}

/** After a connection that brought nothing for too long, and had brought nothing before (`unheard`). */
export function fellSilent(position: WatchPosition, unheard: boolean): WatchPosition {
  if (position.phase !== "following" || !unheard) return disconnected(position);
  return position.silent ? { phase: "fresh", reason: "silent" } : { ...position, silent: true };
}

function following(version: string): WatchPosition {
  return { phase: "following", version, silent: false };
}
