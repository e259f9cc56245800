import { type Scope, scopeId, type ScopeStatus } from "@krm/core";
import { SCOPE_LABELS } from "./metric-facts.ts";
import type { Sample, ScrapedMetric } from "./scraped-metric.ts";
import type { SeenViews } from "./view-reader.ts";

/** The scope that a series is about, as its labels tell it. */
export function labelsOfScope({ resource, namespace = "" }: Scope): {
  readonly resource: string;
  readonly namespace: string;
} {
  return { resource: scopeId({ resource }), namespace };
}

/** One number of each scope. Undefined: there is none. */
export function scopeMetric(
  type: "counter" | "gauge",
  name: string,
  help: string,
  read: (status: ScopeStatus, now: number) => number | undefined,
): ScrapedMetric<SeenViews> {
  return scopeSeries(type, name, help, [], (status, now) => [{ labels: {}, value: read(status, now) }]);
}

/** Several numbers of each scope, told apart by labels of their own. */
export function scopeSeries(
  type: "counter" | "gauge",
  name: string,
  help: string,
  labels: readonly string[],
  read: (status: ScopeStatus, now: number) => readonly Sample[],
): ScrapedMetric<SeenViews> {
  return {
    type,
    name,
    help,
    labels: [...SCOPE_LABELS, ...labels],
    read: ({ statuses, now }) =>
      statuses.flatMap((status) => {
        const scope = labelsOfScope(status.scope);
        return read(status, now).map(({ labels, value }) => ({ labels: { ...scope, ...labels }, value }));
      }),
  };
}

/** One series for each of `all`: 1 for the one that it is, and 0 for the others. */
export function oneOf<K extends string>(label: string, all: readonly K[], is: K): readonly Sample[] {
  return all.map((each) => ({ labels: { [label]: each }, value: each === is ? 1 : 0 }));
}
