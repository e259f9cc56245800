import { KrmError } from "../errors.ts";
import type { VerificationMode } from "../merge/merge-input.ts";

/** What a verification asks of the API server. */
export interface ListForm {
  /** The state at the very version that the stream has told. */
  readonly exact: boolean;
  /** Without bodies. */
  readonly metadata: boolean;
}

/** A server that could not do something is asked for it again after so long. */
const REMEMBERED_MS = 3_600_000;

/** What has failed so often in a row, by the server's fault, is done without. */
const GIVEN_UP_AFTER = 3;

/** What the API server has been found not to do, for an hour each. Times are of a monotonic clock. */
export class ListModes {
  readonly #lacking = new Map<"exact" | "metadata" | "get", number>();
  /** How often in a row it has failed. */
  readonly #failures = new Map<"exact" | "get", number>();

  can(what: "exact" | "metadata" | "get", now: number): boolean {
    const since = this.#lacking.get(what);
    return since === undefined || now - since >= REMEMBERED_MS;
  }

  /** Notes it; false: it was known. */
  lacks(what: "exact" | "metadata" | "get", now: number): boolean {
    const known = !this.can(what, now);
    this.#lacking.set(what, now);
    return !known;
  }

  /** It failed by the server's fault. True: so often in a row that it counts as lacking from now on. */
  failed(what: "exact" | "get", now: number): boolean {
    const failures = (this.#failures.get(what) ?? 0) + 1;
    this.#failures.set(what, failures % GIVEN_UP_AFTER);
    return failures >= GIVEN_UP_AFTER && this.lacks(what, now);
  }

  works(what: "exact" | "get"): void {
    this.#failures.delete(what);
  }
}

/** The server failed by itself: another form may do. */
export function isServerFault(error: unknown): boolean {
  if (!KrmError.is(error, "KRM_API_STATUS")) return KrmError.is(error, "KRM_DECODE");
  const code = error.status?.code ?? 0;
  return code >= 500 && code !== 503 && code !== 504;
}

/** The name of a form, as reports and metrics tell it. */
export function modeOf({ exact, metadata }: ListForm): VerificationMode {
  if (exact) return metadata ? "exact-metadata" : "exact-full";
  return metadata ? "latest-metadata" : "latest-full";
}

/** What an error of a verification's list says of the form that was asked for. */
export type FormTrouble =
  /** This server does not know it: remember, and ask for another one. */
  | { readonly lacks: "exact" | "metadata" }
  /** The version is compacted: the newest state will do, this time. */
  | "compacted"
  /** The server that answered has not come to this version yet: wait, and ask another one. */
  | { readonly behindMs: number }
  /** It is no matter of the form. */
  | undefined;

/** Without a word from the server, a lagging one is asked again after so long. */
const BEHIND_MS = 1000;

/** Reads an error. */
export function formTrouble(error: unknown, { exact, metadata }: ListForm): FormTrouble {
  if (!KrmError.is(error, "KRM_API_STATUS") || error.status === undefined) return undefined;
  const { code, message, retryAfterSeconds } = error.status;
  if (exact && code === 410) return "compacted";
  if (exact && code === 504 && /too large resource version/i.test(message))
    return { behindMs: Math.max(BEHIND_MS, (retryAfterSeconds ?? 0) * 1000) };
  if (metadata && (code === 406 || code === 415)) return { lacks: "metadata" };
  if (exact && (code === 400 || code === 422)) return { lacks: "exact" };
  return undefined;
}
