import type { DelaysStatus, StatusBody } from "@krm/protocol";
import { pause } from "../session/pause.ts";
import { Refusal, type Session } from "../session/session.ts";
import { untilVisible } from "../session/visible.ts";
import { EventRates, scopeKey } from "./event-rates.ts";

/** What the server says of itself, and how new that is. */
export interface KnownStatus {
  readonly body: StatusBody;
  /** Events per second, by scope. */
  readonly rates: ReadonlyMap<string, number>;
  /** How late events were, by scope, where the server tells. */
  readonly delays: ReadonlyMap<string, DelaysStatus>;
  /** When it came: `performance.now()`. */
  readonly heardAt: number;
}

/** How asking for it goes. */
export type StatusNews =
  | { readonly type: "asking" }
  | { readonly type: "known"; readonly status: KnownStatus }
  /** The server cannot be asked now. What was known last is shown on, as old as it is. */
  | { readonly type: "lost"; readonly status: KnownStatus | undefined; readonly message: string }
  /** Whoever looks may not see it. */
  | { readonly type: "refused"; readonly code: number; readonly message: string };

/** There is no watch of it; asked for only while somebody looks. Milliseconds. */
const EVERY_MS = 3000;
const DELAYS_EVERY_MS = 30_000;
const LONGEST_MS = 15_000;
const TIMEOUT_MS = 30_000;

/** Asks for the status again and again, more rarely while that fails, and tells what came of it, until the signal aborts. */
export async function followStatus(
  session: Session,
  signal: AbortSignal,
  tell: (news: StatusNews) => void,
): Promise<void> {
  const rates = new EventRates();
  let last: KnownStatus | undefined;
  let delaysAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  for (;;) {
    await untilVisible(signal);
    const asksDelays = performance.now() - delaysAt >= DELAYS_EVERY_MS;
    try {
      const query = asksDelays ? "?delays=1h" : "";
      const { text } = await session.get(`/status${query}`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      const body = JSON.parse(text) as StatusBody;
      const heardAt = performance.now();
      if (asksDelays) delaysAt = heardAt;
      last = {
        body,
        rates: rates.take(body),
        delays: asksDelays ? delaysOf(body) : (last?.delays ?? new Map()),
        heardAt,
      };
      failures = 0;
      tell({ type: "known", status: last });
    } catch (error) {
      signal.throwIfAborted();
      failures++;
      if (error instanceof Refusal && (error.status === 401 || error.status === 403)) {
        last = undefined;
        tell({ type: "refused", code: error.status, message: error.message });
      } else {
        tell({ type: "lost", status: last, message: (error as Error).message });
      }
    }
    if (failures === 0) await pause(EVERY_MS, signal);
    else await pause(Math.min(LONGEST_MS, EVERY_MS * 2 ** (failures - 1)), signal, session.news);
  }
}

function delaysOf({ scopes }: StatusBody): ReadonlyMap<string, DelaysStatus> {
  return new Map(scopes.flatMap((scope) => (scope.delays === undefined ? [] : [[scopeKey(scope), scope.delays]])));
}
