import { causedError } from "../answer/caused-error.ts";
import type { Identity } from "../auth/authenticator.ts";
import type { Limits } from "./limit-options.ts";

/** As soon as kube-apiserver lets come again whom it turns away. Seconds. */
const RETRY_AFTER = 1;

/** Under which all readers are counted where nobody is asked who they are. */
const EVERYBODY = "";

/** The watches that each user has open, and may. */
export class WatchPlaces {
  readonly #limit: number;
  readonly #taken = new Map<string, number>();

  constructor({ maxWatchesPerUser }: Pick<Limits, "maxWatchesPerUser">) {
    this.#limit = maxWatchesPerUser;
  }

  /** How many users have a watch. */
  get users(): number {
    return this.#taken.size;
  }

  /**
   * Takes one of a user's places. Returns what gives it back; called again that does nothing.
   *
   * @throws StatusError 429
   */
  take(user: Identity | undefined): () => void {
    const key = user === undefined ? EVERYBODY : JSON.stringify([user.user, user.uid ?? ""]);
    const taken = this.#taken.get(key) ?? 0;
    if (this.#limit > 0 && taken >= this.#limit) throw this.#refused(user);
    this.#taken.set(key, taken + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (this.#taken.get(key) ?? 1) - 1;
      if (left === 0) this.#taken.delete(key);
      else this.#taken.set(key, left);
    };
  }

  #refused(user: Identity | undefined): Error {
    const who = user === undefined ? "readers without a name" : `user ${JSON.stringify(user.user)}`;
    return causedError("TooManyWatches", {
      code: 429,
      message:
        `Too many requests, please try again later: ${who} may have ${this.#limit} watches open at this server ` +
        "(--max-watches-per-user), and that many are",
      retryAfterSeconds: RETRY_AFTER,
    });
  }
}
