import type { Identity } from "../auth/authenticator.ts";

/** Under which all readers are counted where nobody is asked who they are. */
const EVERYBODY = "";

/** What each user has under way at once, and may. */
export class UserPlaces {
  readonly #limit: number;
  readonly #refusal: (user: Identity | undefined) => Error;
  readonly #taken = new Map<string, number>();

  /** @param limit 0: any number. @param refusal What one more of a user's is refused with. */
  constructor(limit: number, refusal: (user: Identity | undefined) => Error) {
    this.#limit = limit;
    this.#refusal = refusal;
  }

  /** How many users have something under way. */
  get users(): number {
    return this.#taken.size;
  }

  /**
   * Takes one of a user's places. Returns what gives it back; called again that does nothing.
   *
   * @throws Error the refusal
   */
  take(user: Identity | undefined): () => void {
    const key = user === undefined ? EVERYBODY : JSON.stringify([user.user, user.uid ?? ""]);
    const taken = this.#taken.get(key) ?? 0;
    if (this.#limit > 0 && taken >= this.#limit) throw this.#refusal(user);
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
}
