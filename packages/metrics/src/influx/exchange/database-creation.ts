import { classifyFailure } from "./classify-failure.ts";
import { type Failure, quotedName } from "./failure-error.ts";
import type { InfluxConnection } from "./influx-connection.ts";
import type { Reply } from "./reply.ts";
import { serverWords, shortened } from "./server-words.ts";
import type { InfluxTarget } from "../target.ts";

/** What is known of the database that lines go to. */
type Knowledge =
  | { readonly type: "unknown" }
  /** `confirmed`: lines have been written to it since. */
  | { readonly type: "there"; readonly confirmed: boolean }
  /** It may be there all the same: a write will tell. */
  | { readonly type: "not-created"; readonly words: string };

/** What `CREATE DATABASE` came to: for {@link DatabaseCreation}. */
export type CreationOutcome = Knowledge | Failure | { readonly type: "aborted" };

/**
 * Sees to it that the database of an InfluxDB 1 exists, at the first contact and whenever a write says that it does not.
 * Of other targets nothing is known to be missing: buckets are made by who administers them.
 */
export class DatabaseCreation {
  readonly #target: InfluxTarget;
  #known: Knowledge;

  constructor(target: InfluxTarget) {
    this.#target = target;
    this.#known = { type: "unknown" };
  }

  /**
   * Creates it, unless it is known. A failure is one after which nothing can be written either; undefined: go on and
   * write, also where the user may not create, since it may be there.
   */
  async ensure(
    connection: InfluxConnection,
    now: number,
    signal: AbortSignal,
  ): Promise<Failure | { readonly type: "aborted" } | undefined> {
    if (this.#known.type !== "unknown" || this.#target.api !== "v1") return undefined;
    const reply = await connection.query(`CREATE DATABASE ${quotedName(this.#target.database)}`, signal);
    const outcome = creationOutcome(reply, now);
    if (outcome.type !== "there" && outcome.type !== "not-created")
      return outcome.type === "unknown" ? undefined : outcome;
    this.#known = outcome;
    return undefined;
  }

  /** A write has gone well. */
  confirm(): void {
    this.#known = { type: "there", confirmed: true };
  }

  /**
   * A write has said that the database is not there. `again`: it was, so that creating it at once may help. `refusal`: why
   * it could not be created, where that was tried.
   */
  missing(): { readonly again: boolean; readonly refusal: string | undefined } {
    const known = this.#known;
    if (this.#target.api !== "v1") return { again: false, refusal: undefined };
    this.#known = { type: "unknown" };
    return {
      again: known.type === "there" && known.confirmed,
      refusal: known.type === "not-created" ? known.words : undefined,
    };
  }
}

/** Says what the reply to `CREATE DATABASE` means. Pure. */
export function creationOutcome(reply: Reply, now: number): CreationOutcome {
  if (reply.type === "answer" && reply.status >= 200 && reply.status < 300) {
    const error = statementError(reply.body);
    return error === undefined ? { type: "there", confirmed: false } : { type: "not-created", words: shortened(error) };
  }
  const outcome = classifyFailure(reply, now);
  if (outcome.type === "retry" || outcome.type === "unreachable" || outcome.type === "aborted") return outcome;
  const { status = 0, body = "" } = reply as Partial<Reply & { readonly type: "answer" }>;
  return { type: "not-created", words: shortened(serverWords(body).text) || `answered ${status}` };
}

/** A statement that failed is answered 200. */
function statementError(body: string): string | undefined {
  try {
    const { results } = JSON.parse(body) as { readonly results?: readonly { readonly error?: unknown }[] };
    const error = results?.[0]?.error;
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}
