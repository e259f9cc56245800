import { KrmError } from "@krm/core";

const REASONS: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  ENOENT: ["there is no such file or directory", "Check the path."],
  EACCES: ["permission denied", "Check who owns it and its mode."],
  EPERM: ["permission denied", "Check who owns it and its mode."],
  EISDIR: ["it is a directory", "Name a file."],
  ENOSPC: ["the disk is full", "Make room, or name a file on another one."],
  EROFS: ["the file system is read-only", "Name a file on another one."],
};

/** A failure of the file system, told with what was to be done and the mend. */
export function fileError(error: unknown, what: string): KrmError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const [problem, hint] = REASONS[code] ?? [error instanceof Error ? error.message : String(error), "Check the path."];
  return new KrmError("KRM_INVALID_ARGUMENT", `${what}: ${problem}`, { cause: error, hint });
}
