import { KrmError } from "../errors.ts";
import { compileDropPaths, DEFAULT_DROP_PATHS, type DropPaths } from "./drop-paths.ts";
import { JsonSyntaxError } from "./json-scan.ts";

/** How bytes from the API server are decoded. */
export interface DecodeOptions {
  /** What to cut out of every object. Default: {@link DEFAULT_DROP_PATHS}. */
  readonly drop?: DropPaths | undefined;
}

const defaultDrop: DropPaths = compileDropPaths(DEFAULT_DROP_PATHS);

/** The paths to drop. */
export function dropOf(options: DecodeOptions): DropPaths {
  return options.drop ?? defaultDrop;
}

/**
 * `error` as readers of the library get it. Of the bytes themselves it says only where: they may hold secrets.
 * `start` is where `subject` begins in the scanned buffer, so that the offset counts from there.
 */
export function decodeError(error: unknown, subject: string, start: number, size: number): unknown {
  if (!(error instanceof JsonSyntaxError)) return error;
  const at = `byte ${error.offset - start} of ${size}`;
  return new KrmError("KRM_DECODE", `${subject} cannot be read: ${error.message}, at ${at}`, { cause: error });
}
