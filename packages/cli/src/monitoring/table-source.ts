import { type Clock, missedByType, type Monitor, scopeId, type ScopeStatus } from "@krm/core";
import { EventRate } from "./event-rate.ts";
import type { TableLine } from "./table.ts";

/** Reads the lines of the live table off a monitor of all namespaces. */
export class TableSource {
  readonly #monitor: Monitor;
  readonly #clock: Clock;
  readonly #rates = new Map<string, EventRate>();

  constructor(monitor: Monitor, clock: Clock) {
    this.#monitor = monitor;
    this.#clock = clock;
  }

  async read(): Promise<readonly TableLine[]> {
    const statuses = await this.#monitor.status();
    return statuses.map((status) => this.#line(status));
  }

  #line({ scope, state, view, reports }: ScopeStatus): TableLine {
    const id = scopeId(scope);
    const rate = this.#rates.get(id) ?? new EventRate();
    this.#rates.set(id, rate);
    const missed = reports.merger === undefined ? [] : Object.values(missedByType(reports.merger));
    const { resource, shortNames } = scope.resource;
    return {
      name: resource,
      shortName: shortNames[0] ?? resource,
      state,
      objects: view.objects,
      eventsPerSecond: rate.read(reports.streamer?.events ?? 0, this.#clock.monotonic()),
      verifiedAgoMs: view.verifiedAt === undefined ? undefined : Math.max(0, this.#clock.now() - view.verifiedAt),
      drift: missed.reduce((sum, count) => sum + count, 0),
    };
  }
}
