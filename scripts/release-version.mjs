// Turns the changesets into the next version: packages and their change logs, the chart, the manifests.
//   npm run release:version
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, Refused, release, root, say, version } from "./release/release.mjs";
import { chartWithVersion } from "./release/versions.ts";

await release(async () => {
  const before = version();
  await must("changeset", ["version"]);
  const after = version();
  if (after === before) throw new Refused(`there is no changeset in .changeset: ${before} stays`);
  const chart = join(root, "deploy/helm/krm/Chart.yaml");
  writeFileSync(chart, chartWithVersion(readFileSync(chart, "utf8"), after));
  await must("node", ["scripts/manifests.mjs"]);
  await must("oxfmt", ["."]);
  say(`${before} became ${after}: look at the changes, commit them, and tag them v${after} when they are on main`);
});
