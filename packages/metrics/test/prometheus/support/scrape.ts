import type { Registry } from "prom-client";

/** The series of some metrics, as Prometheus gets them: the lines that begin so, without comments. */
export async function series(registry: Registry, ...names: readonly string[]): Promise<string[]> {
  const lines = (await registry.metrics()).split("\n");
  return lines.filter((line) => names.some((name) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)));
}
