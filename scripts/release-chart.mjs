// Packs the chart and pushes it to an OCI registry. What is there already is left. Needs `helm registry login`.
//   KRM_CHARTS=oci://REGISTRY/charts npm run release:chart [-- --dry-run]
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import {
  decided,
  dryRun,
  must,
  publish,
  Refused,
  refuseUndecided,
  release,
  root,
  say,
  version,
} from "./release/release.mjs";
import { capture } from "./run/processes.mjs";
import { helm } from "./setup/kubernetes-tools.mjs";

const CHART = "deploy/helm/krm";

await release(async () => {
  const charts = decided("KRM_CHARTS", "KRM_CHARTS=oci://registry.example.com/charts");
  const { path, reason } = helm(root, say);
  if (path === undefined) throw new Refused(reason);
  const { image } = parse(readFileSync(join(root, CHART, "values.yaml"), "utf8"));
  refuseUndecided(`image.repository in ${CHART}/values.yaml`, image.repository, "set it to where the image is");
  await must(path, ["lint", "--strict", CHART]);
  const out = mkdtempSync(join(tmpdir(), "krm-chart-"));
  try {
    await must(path, ["package", CHART, "--destination", out]);
    const file = join(out, `krm-${version()}.tgz`);
    const chart = await must(path, ["show", "chart", file]);
    if (!chart.includes(`appVersion: ${version()}\n`))
      throw new Refused(`the chart is not of version ${version()}: run npm run release:version`);
    // What came of it renders.
    await must(path, ["template", "krm", file]);
    const there = ["show", "chart", `${charts}/krm`, `--version=${version()}`];
    if (!dryRun && (await capture(path, there, {})).code === 0) say(`${charts}/krm ${version()} is there already`);
    else await publish(path, ["push", file, charts]);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
