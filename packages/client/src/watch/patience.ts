import type { KrmClientError, KrmClientErrorCode } from "../error.ts";
import { isTransient, retryDelay } from "../retry.ts";

/** The longest that is waited between two tries, by the client's own choice. Milliseconds. */
const LONGEST_WAIT_MS = 10_000;
/** A connection that told something new and lasted as long was a good one: the waits begin anew. Milliseconds. */
const GOOD_MS = 1000;
/** How often in a row a refusal is got over that may be of something which stands in for the server. */
const DOUBTS = 5;
/** A gateway has its server again, and a server knows a token that was just issued, only after a while. Seconds. */
const DOUBT_WAIT_S = 1;

/** What once told the watch may be back soon, or the line was broken on the way. */
const DOUBTFUL: ReadonlySet<KrmClientErrorCode> = new Set<KrmClientErrorCode>([
  "KRM_CLIENT_FRAME",
  "KRM_CLIENT_NOT_FOUND",
  "KRM_CLIENT_NOT_KRM",
  "KRM_CLIENT_TOKEN_FILE",
]);

/** What became of one connection. */
export interface Ended {
  /** Milliseconds since it was asked for. */
  readonly lastedMs: number;
  /** The server began to tell. */
  readonly answered: boolean;
  /** In the end it was about what follows a version: a set, if it was asked for one, was complete. */
  readonly followed: boolean;
  /** It told something new to go on from. */
  readonly movedOn: boolean;
  /** Undefined: it ended in good order. */
  readonly trouble: KrmClientError | undefined;
  /** The token that was refused is not the one to ask with any more. */
  readonly hasNewerToken: boolean;
}

/** Whether a watch goes on after a connection, and when. */
export class Patience {
  readonly #renewsToken: boolean;
  /** Connections in a row that were no good. */
  #failures = 0;
  /** Doubtful refusals in a row. */
  #doubts = 0;
  /** The server has told this watch something: what refuses it from now on may be another. */
  #wasAnswered = false;

  constructor(renewsToken: boolean) {
    this.#renewsToken = renewsToken;
  }

  /** Milliseconds to wait before the next connection. `random`: from 0 to 1. @throws the trouble, where it ends the watch. */
  after(ended: Ended, random: number): number {
    const { answered, movedOn, trouble } = ended;
    this.#wasAnswered ||= answered;
    if (wasGood(ended)) this.#failures = 0;
    let leastS = trouble?.retryAfter ?? 0;
    if (trouble === undefined || ended.hasNewerToken || isTransient(trouble)) {
      this.#doubts = 0;
    } else {
      this.#doubts = movedOn ? 1 : this.#doubts + 1;
      if (!this.#isDoubtful(trouble) || this.#doubts > DOUBTS) throw trouble;
      leastS = Math.max(leastS, DOUBT_WAIT_S);
    }
    return retryDelay(this.#failures++, leastS, random, LONGEST_WAIT_MS);
  }

  #isDoubtful({ code }: KrmClientError): boolean {
    if (!this.#wasAnswered) return false;
    return DOUBTFUL.has(code) || (code === "KRM_CLIENT_UNAUTHORIZED" && this.#renewsToken);
  }
}

/** A set that was not complete is dear, and brought nothing. One that follows costs no more than it waits for. */
function wasGood({ answered, followed, lastedMs, movedOn }: Ended): boolean {
  return answered && followed && lastedMs >= (movedOn ? GOOD_MS : LONGEST_WAIT_MS);
}
