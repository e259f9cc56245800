import type { StatusBody } from "@krm/protocol";

/** Over how much of the past a rate is taken. Milliseconds. */
const WITHIN_MS = 15_000;

interface Sample {
  readonly at: number;
  readonly events: ReadonlyMap<string, number>;
}

/** Events per second of each scope, out of what its streamer had counted at some statuses. */
export class EventRates {
  #samples: readonly Sample[] = [];

  /** Takes a status, and tells the rates since about a quarter of a minute, or less. A scope whose count began anew has none. */
  take(status: StatusBody): ReadonlyMap<string, number> {
    const at = Date.parse(status.time);
    const events = new Map<string, number>();
    for (const scope of status.scopes) {
      if (scope.streamer !== undefined) events.set(scopeKey(scope), scope.streamer.events);
    }
    const first = this.#samples.find((sample) => sample.at >= at - WITHIN_MS && sample.at < at);
    this.#samples = [
      ...this.#samples.filter((sample) => sample.at >= at - WITHIN_MS && sample.at < at),
      { at, events },
    ];
    const rates = new Map<string, number>();
    for (const [scope, count] of events) {
      const before = first?.events.get(scope);
      if (first === undefined || before === undefined || count < before) continue;
      rates.set(scope, ((count - before) * 1000) / (at - first.at));
    }
    return rates;
  }
}

/** Names a scope among those of a status. */
export function scopeKey({ resource, namespace }: { readonly resource: string; readonly namespace?: string }): string {
  return namespace === undefined ? resource : `${resource}@${namespace}`;
}
