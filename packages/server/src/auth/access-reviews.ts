import type { CallOptions } from "@krm/core";
import type { Identity } from "./authenticator.ts";
import type { AccessAttributes } from "./authorizer.ts";

/** A token that belongs to somebody. */
export interface ReviewedToken {
  readonly identity: Identity;
  /** For whom it was issued, of those that were asked for. */
  readonly audiences: readonly string[];
}

/** Whether somebody may do something. */
export interface ReviewedAccess {
  readonly allowed: boolean;
  /** What the cluster's authorizers say to it, where they say something. */
  readonly reason?: string | undefined;
}

/**
 * A cluster that is asked who somebody is and what they may do, each time anew: nothing is remembered here. Both reject
 * when the cluster does not answer, and `@krm/kubernetes` has one that asks an API server.
 */
export interface AccessReviews {
  /** Undefined: the token is nobody's. @param audiences Empty: the API server's own. */
  reviewToken(token: string, audiences: readonly string[], options?: CallOptions): Promise<ReviewedToken | undefined>;
  reviewAccess(user: Identity, attributes: AccessAttributes, options?: CallOptions): Promise<ReviewedAccess>;
}
