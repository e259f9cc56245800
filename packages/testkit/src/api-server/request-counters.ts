/** Which requests to count; what is left out stands for any. */
export interface RequestFilter {
  /** `get`, `list`, `watch`, `create`, …; for paths that are no resources the lower-cased method. */
  readonly verb?: string;
  /** The plural (`pods`), with its subresource (`pods/status`), or for other paths the path itself. */
  readonly resource?: string;
}

/** One line of the counters. */
export interface RequestCount {
  readonly verb: string;
  readonly resource: string;
  readonly count: number;
}

/**
 * How many requests came, by verb and resource: what a test needs to prove how much load something puts on the API
 * server. A request is counted when its headers have arrived, whatever the answer; one page of a list is one request.
 */
export class RequestCounters {
  readonly #counts = new Map<string, { verb: string; resource: string; count: number }>();

  /** @internal */
  add(verb: string, resource: string): void {
    const id = `${verb} ${resource}`;
    const entry = this.#counts.get(id);
    if (entry === undefined) this.#counts.set(id, { verb, resource, count: 1 });
    else entry.count += 1;
  }

  /** How many matched. */
  count(filter: RequestFilter = {}): number {
    let sum = 0;
    for (const entry of this.#counts.values()) {
      if (filter.verb !== undefined && filter.verb !== entry.verb) continue;
      if (filter.resource !== undefined && filter.resource !== entry.resource) continue;
      sum += entry.count;
    }
    return sum;
  }

  /** All counters, in the order in which their first requests came. */
  entries(): RequestCount[] {
    return [...this.#counts.values()].map((entry) => ({ ...entry }));
  }

  /** Starts from zero again. */
  reset(): void {
    this.#counts.clear();
  }
}
