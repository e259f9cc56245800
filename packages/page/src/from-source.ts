// What stands for index.ts where KRM runs from its source, with nothing built.
import { type PageFiles, toPageFiles } from "./page-files.ts";

export { PAGE_FOLDER, PAGE_POLICY, type PageFile, type PageFiles } from "./page-files.ts";

/** As in index.ts, but of the sources as they are now. @throws an error that lists what is wrong with them */
export async function loadPage(): Promise<PageFiles> {
  // With esbuild, which nobody needs who looks at no page.
  const { bundlePage } = await import("./bundle-page.ts");
  return toPageFiles(await bundlePage());
}
