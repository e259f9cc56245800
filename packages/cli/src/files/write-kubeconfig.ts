import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KrmError } from "@krm/core";
import { fileError } from "./file-error.ts";

/** What every kubeconfig of the simulator holds, and hardly any other. */
const MARK = "@krm-simulated";

/** Where a kubeconfig was written. */
export interface WrittenKubeconfig extends AsyncDisposable {
  readonly file: string;
}

/**
 * Writes a kubeconfig of the simulator, readable for its owner alone (mode 0600), complete or not at all. Without a
 * `file` it goes into a temporary folder, which disposing removes; a file that the user named stays.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` when the file cannot be written, or is there and holds anything else than a
 * kubeconfig of the simulator.
 */
export async function writeKubeconfig(text: string, file: string | undefined): Promise<WrittenKubeconfig> {
  if (file !== undefined) {
    await refuseOthers(file);
    await writeWhole(file, text);
    return { file, [Symbol.asyncDispose]: async () => {} };
  }
  const folder = await mkdtemp(join(tmpdir(), "krm-simulate-"));
  const temporary = join(folder, "kubeconfig");
  await writeWhole(temporary, text);
  return { file: temporary, [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }) };
}

async function refuseOthers(file: string): Promise<void> {
  let before: string;
  try {
    before = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw fileError(error, `cannot write the kubeconfig ${file}`);
  }
  if (before === "" || before.includes(MARK)) return;
  throw new KrmError(
    "KRM_INVALID_ARGUMENT",
    `${file} exists and was not written by krm simulate, so it is left alone`,
    {
      hint: "Name another file for --write-kubeconfig.",
    },
  );
}

async function writeWhole(file: string, text: string): Promise<void> {
  const part = `${file}.${randomUUID()}.part`;
  try {
    await writeFile(part, text, { mode: 0o600, flag: "wx" });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw fileError(error, `cannot write the kubeconfig ${file}`);
  }
}
