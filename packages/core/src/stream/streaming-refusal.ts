import { KrmError } from "../errors.ts";

/** The server does not make a streaming list of this request: it ended, went on without an end of the list, or was silent. */
export class NoMarkerError extends Error {}

/** A streaming list came to nothing, and a LIST may not. */
export class StreamingRefusal extends Error {
  /** The server cannot, or what stands before it does not let it: not worth asking again soon. */
  readonly lasting: boolean;
  constructor(cause: unknown, lasting: boolean) {
    super("no streaming list", { cause });
    this.lasting = lasting;
  }
}

/** What the request as such is refused with: 400, 422 by those that know it; 405, 406 where nothing is watched at all. */
const REFUSED: ReadonlySet<number> = new Set([400, 405, 406, 415, 422, 501]);

/** What a LIST may still get: 403 where only lists are allowed, 410 and 504 that were about the version asked for. */
const ANOTHER_WAY: ReadonlySet<number> = new Set([403, 410, 504]);

/** What means the same whatever was asked. */
const ALL_THE_SAME: ReadonlySet<number> = new Set([401, 404, 429, 503]);

/**
 * The error that a streaming list failed with, as a {@link StreamingRefusal} where a LIST is to be tried at once.
 *
 * @param accepted the server had begun to answer
 */
export function afterRefusal(error: unknown, accepted: boolean): unknown {
  if (error instanceof NoMarkerError) return new StreamingRefusal(error, true);
  if (!KrmError.is(error)) return new StreamingRefusal(error, false);
  switch (error.code) {
    case "KRM_API_STATUS": {
      const code = error.status?.code ?? 0;
      if (ANOTHER_WAY.has(code)) return new StreamingRefusal(error, false);
      if (REFUSED.has(code) || (accepted && !ALL_THE_SAME.has(code))) return new StreamingRefusal(error, true);
      return error;
    }
    case "KRM_INVALID_RESOURCE_VERSION":
    case "KRM_DECODE":
      return new StreamingRefusal(error, true);
    case "KRM_WATCH_SILENT":
      return new StreamingRefusal(error, false);
    default:
      // A connection that broke in the middle may have been too long for somebody on the way.
      return accepted ? new StreamingRefusal(error, false) : error;
  }
}
