import { readFile } from "node:fs/promises";
import { fileError } from "./file-error.ts";

/**
 * Reads a file of text.
 *
 * @param what What the file is, for the error: `token file`.
 * @throws KrmError `KRM_INVALID_ARGUMENT` that names the file and what is wrong with it.
 */
export async function readTextFile(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw fileError(error, `cannot read the ${what} ${file}`);
  }
}
