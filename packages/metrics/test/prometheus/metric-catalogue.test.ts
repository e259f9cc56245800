import { expect, it } from "vitest";
import { metricCatalogue } from "../../src/prometheus/metric-catalogue.ts";
import { everyMetric } from "./support/every-metric.ts";

it("names every metric once", () => {
  const names = metricCatalogue().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

it("says of every metric what Prometheus is told", async () => {
  await using all = await everyMetric();
  const told = await all.registry.getMetricsAsJSON();
  const seen = told.map(({ name, type, help, values }) => {
    const [sample] = values;
    // prom-client writes the bound first, and knows no order of what comes after it.
    const labels = Object.keys(sample?.labels ?? {}).filter((label) => label !== "le");
    return { name, type: String(type), help, labels: labels.toSorted() };
  });
  const said = metricCatalogue().map(({ name, type, help, labels }) => ({
    name,
    type,
    help,
    labels: labels.toSorted(),
  }));
  const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
  expect(seen.toSorted(byName)).toEqual(said.toSorted(byName));
});

it("has a sentence of help for each", () => {
  for (const { name, help } of metricCatalogue()) expect(help, name).toMatch(/^[A-Z0-9].*\.$/);
});
