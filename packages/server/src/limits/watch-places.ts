import { causedError } from "../answer/caused-error.ts";
import type { Limits } from "./limit-options.ts";
import { UserPlaces } from "./user-places.ts";

/** As soon as kube-apiserver lets come again whom it turns away. Seconds. */
const RETRY_AFTER = 1;

/** The watches that each user has open, and may: one more is a 429. */
export class WatchPlaces extends UserPlaces {
  constructor({ maxWatchesPerUser }: Pick<Limits, "maxWatchesPerUser">) {
    super(maxWatchesPerUser, (user) => {
      const who = user === undefined ? "readers without a name" : `user ${JSON.stringify(user.user)}`;
      return causedError("TooManyWatches", {
        code: 429,
        message:
          `Too many requests, please try again later: ${who} may have ${maxWatchesPerUser} watches open at this server ` +
          "(--max-watches-per-user), and that many are",
        retryAfterSeconds: RETRY_AFTER,
      });
    });
  }
}
