import type { RingEvent } from "./watch-event.ts";

/**
 * One event for each key among some of one view: the last one, in the order of these. Whoever has seen any part of them
 * ends in the same state by it, and is led back to none before.
 */
export function condensed(events: readonly RingEvent[]): readonly RingEvent[] {
  const byKey = new Map<string, RingEvent[]>();
  for (const event of events) {
    const { key } = event.object;
    const chain = byKey.get(key) ?? [];
    chain.push(event);
    // Where the last of them stands.
    byKey.delete(key);
    byKey.set(key, chain);
  }
  return [...byKey.values()].flatMap((chain) => merged(chain) ?? []);
}

function merged(chain: readonly RingEvent[]): RingEvent | undefined {
  const last = chain.at(-1);
  if (last === undefined || chain.length === 1) return last;
  const type = last.type === "MODIFIED" && chain.some(({ previous }) => previous === undefined) ? "ADDED" : last.type;
  return { ...last, type, earlier: chain.slice(0, -1).flatMap(({ previous }) => previous ?? []) };
}
