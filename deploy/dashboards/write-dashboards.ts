import { writeFile } from "node:fs/promises";
import { DASHBOARD_FILES } from "./dashboard-files.ts";

/*
 * Writes all dashboards anew. What changed one runs it, and then the formatter:
 *
 *     node scripts/run.mjs node deploy/dashboards/write-dashboards.ts && npm run format
 */
for (const { path, content } of DASHBOARD_FILES) {
  await writeFile(new URL(`../${path}`, import.meta.url), `${JSON.stringify(content, undefined, 2)}\n`);
}
