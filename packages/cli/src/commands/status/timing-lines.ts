import { certainOffsetMs, clockOffsetText } from "@krm/core";
import type { ScopeStatusBody } from "@krm/client";
import type { ClockStatus } from "@krm/protocol";

/** As bounds in milliseconds, which core reads. */
interface Bounds {
  readonly lowMs: number;
  readonly highMs: number;
}

/** Below this, an offset between two clocks is what clocks do. */
const OFF_MS = 1000;
/** What was found out before that may have been mended. */
const OUTDATED_MS = 3_600_000;
/** Below this, nobody notices. */
const HELD_UP_SECONDS = 0.25;

/** What makes times look other than they are: two clocks that differ, and a process that was slow. Told only where it matters. */
export function timingLines(scopes: readonly ScopeStatusBody[], now: number): string[] {
  const streamers = furthestOff(
    scopes.map(({ streamer }) => streamer?.clock),
    now,
  );
  // How late the watch tells is measured where it is read; elsewhere it matters less.
  const verifiers = furthestOff(
    scopes.map(({ verifier }) => verifier?.clock),
    now,
  );
  const heldUp = Math.max(0, ...scopes.map(({ streamer }) => streamer?.eventLoop?.maxSeconds ?? 0));
  return [
    ...(streamers === undefined ? clockLine(verifiers, "the verifier's") : clockLine(streamers, "ours")),
    ...heldUpLine(heldUp),
  ];
}

/** Of those that are certainly off, which are of one process or of several. */
function furthestOff(clocks: readonly (ClockStatus | undefined)[], now: number): Bounds | undefined {
  return clocks
    .flatMap((clock) => (clock === undefined || now - Date.parse(clock.at) > OUTDATED_MS ? [] : [clock]))
    .map(({ lowSeconds, highSeconds }) => ({ lowMs: lowSeconds * 1000, highMs: highSeconds * 1000 }))
    .filter((bounds) => Math.abs(certainOffsetMs(bounds)) > OFF_MS)
    .toSorted((a, b) => Math.abs(certainOffsetMs(b)) - Math.abs(certainOffsetMs(a)))[0];
}

function clockLine(bounds: Bounds | undefined, whose: string): string[] {
  return bounds === undefined ? [] : [`clock: the API server's is ${clockOffsetText(bounds, whose)}`];
}

function heldUpLine(seconds: number): string[] {
  if (seconds <= HELD_UP_SECONDS) return [];
  const time = seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
  return [`process: our own was held up for ${time} within the last two minutes`];
}
