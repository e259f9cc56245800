import { type CatalogueEntry, metricCatalogue, processMetrics } from "@krm/metrics/prometheus";

/** A metric in a query, with the labels that it is asked for. */
export interface NamedMetric {
  readonly name: string;
  readonly labels: readonly string[];
}

/** The parts that a histogram is told in. */
const PART = /_(?:bucket|sum|count)$/;

/** The metrics of KRM, and of Node.js, that a query in PromQL names. Names with a colon are those of recording rules. */
export function namedMetrics(promql: string): readonly NamedMetric[] {
  const withoutTexts = promql.replaceAll(/"[^"]*"/g, '""');
  return [...withoutTexts.matchAll(/(?<![\w:])((?:krm|nodejs)_\w+)(?:\{([^}]*)\})?(?![\w:])/g)].map(
    ([, name = "", matchers = ""]) => ({
      name,
      labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label),
    }),
  );
}

/** What of a named metric no process tells; undefined: all is well. */
export type Unknown = (metric: NamedMetric) => string | undefined;

/** Knows what processes tell: the catalogue, and what every Node.js process has. */
export function whatIsUnknown(): Unknown {
  const known = new Map<string, CatalogueEntry>(metricCatalogue().map((entry) => [entry.name, entry]));
  using own = processMetrics([]);
  const ofNode = new Set(own.registry.getMetricsAsArray().map(({ name }) => name));
  return ({ name, labels }) => {
    if (ofNode.has(name)) return undefined;
    const whole = known.get(name.replace(PART, ""));
    const entry = whole?.type === "histogram" && PART.test(name) ? whole : known.get(name);
    if (entry === undefined || (entry.type === "histogram" && !PART.test(name))) return name;
    const strange = labels.filter((label) => label !== "le" && !entry.labels.includes(label));
    return strange.length === 0 ? undefined : `${name}{${strange.join()}}`;
  };
}
