import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A file with this in it that lives as long as the test. */
export function tokenFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "krm-client-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "token");
  writeFileSync(file, text);
  return file;
}
