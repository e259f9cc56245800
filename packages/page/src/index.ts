import { readFile } from "node:fs/promises";
import { type PageFiles, toPageFiles } from "./page-files.ts";

export { PAGE_FOLDER, PAGE_POLICY, type PageFile, type PageFiles } from "./page-files.ts";

/**
 * Reads and compresses the page, which was built with this package: some 100 ms of other threads. To be called once and
 * kept. It holds no data and no secret: what it shows it asks for, with the rights of who looks at it.
 *
 * @throws an error of the system where a file of this package cannot be read
 */
export async function loadPage(): Promise<PageFiles> {
  const read = async (name: string): Promise<Buffer> => readFile(new URL(`browser/${name}`, import.meta.url));
  const [html, script, style] = await Promise.all([read("index.html"), read("page.js"), read("page.css")]);
  return toPageFiles({ html: html.toString("utf8"), script, style });
}
