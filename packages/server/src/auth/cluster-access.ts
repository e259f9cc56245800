import { createHmac, randomBytes } from "node:crypto";
import { serviceUnavailable } from "@krm/apimachinery";
import { type CallOptions, type Clock, KrmError, type Logger, silentLogger, systemClock, within } from "@krm/core";
import { ReaderTrouble } from "../answer/reader-trouble.ts";
import type { AccessReviews, ReviewedAccess } from "./access-reviews.ts";
import type { Authenticator, Identity } from "./authenticator.ts";
import { type AccessAttributes, type AccessGranted, accessRefused, type Authorizer } from "./authorizer.ts";
import { ReviewCache } from "./review-cache.ts";

/** How long an answer of the cluster holds. Milliseconds. */
const HELD = 10_000;

/** How long it holds that a token is nobody's: one that was just issued may not be known everywhere yet. Milliseconds. */
const UNKNOWN_HELD = 2000;

/** What takes longer is a failure: an answer that is shared must not be older than one that is held. Milliseconds. */
const ANSWERED_WITHIN = 10_000;

/** Of either kind of review, and of answers that grant and that refuse. An answer takes a few hundred bytes. */
const HELD_AT_MOST = 4096;

/** Under way, or waiting for a connection. Beyond it, readers are told to come again. */
const AT_ONCE = 1024;

/** The longest that a reader is told to wait. Seconds. */
const LONGEST_WAIT = 60;

/** What {@link ClusterAccess} can be told. */
export interface ClusterAccessOptions {
  readonly reviews: AccessReviews;
  /** For whom a token must have been issued, one of them at least. @default the API server's own audiences */
  readonly audiences?: readonly string[] | undefined;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
}

interface TokenAnswer {
  readonly identity: Identity | undefined;
}

/**
 * Lets the cluster decide who may read what, as its API server would: tokens by TokenReview, each access by
 * SubjectAccessReview. An answer holds for ten seconds from when it was asked for, and not a moment longer: a reader whose
 * token or right was taken away reads on for that long at most
 * (who watches: until the watch asks again). Where the cluster does not answer (within ten seconds),
 * readers get 503, whatever they were allowed before.
 *
 * Requests that need the same answer at the same time share one review. What is held is bounded, and keyed by digests with
 * a secret of this process: tokens are not kept.
 *
 * @example
 * const access = new ClusterAccess({ reviews: new KubernetesReviews(source) });
 * await app.register(krmPlugin, { store, auth: access, authorizer: access });
 */
export class ClusterAccess implements Authenticator, Authorizer {
  readonly #reviews: AccessReviews;
  readonly #audiences: readonly string[];
  readonly #clock: Clock;
  readonly #secret = randomBytes(32);
  readonly #tokens: ReviewCache<TokenAnswer>;
  readonly #accesses: ReviewCache<ReviewedAccess>;
  readonly #tokenTrouble: ReaderTrouble;
  readonly #accessTrouble: ReaderTrouble;

  constructor({ reviews, audiences = [], clock = systemClock, logger = silentLogger }: ClusterAccessOptions) {
    const held = { clock, grantedMs: HELD, limit: HELD_AT_MOST, atOnce: AT_ONCE };
    this.#reviews = reviews;
    this.#audiences = audiences;
    this.#clock = clock;
    this.#tokens = new ReviewCache({
      ...held,
      grants: ({ identity }) => identity !== undefined,
      refusedMs: UNKNOWN_HELD,
    });
    this.#accesses = new ReviewCache({ ...held, grants: ({ allowed }) => allowed, refusedMs: HELD });
    this.#tokenTrouble = new ReaderTrouble("authenticated", 503, { clock, logger });
    this.#accessTrouble = new ReaderTrouble("authorized", 503, { clock, logger });
  }

  /** Answers that are held, and reviews under way. */
  get size(): number {
    return this.#tokens.size + this.#accesses.size;
  }

  async authenticate(token: string, options: CallOptions = {}): Promise<Identity | undefined> {
    const review = async (signal: AbortSignal): Promise<TokenAnswer> => {
      const reviewed = await this.#reviews.reviewToken(token, this.#audiences, { signal });
      return { identity: reviewed !== undefined && this.#isFor(reviewed.audiences) ? reviewed.identity : undefined };
    };
    const trouble = this.#tokenTrouble;
    const words = "cannot find out now who asks: the cluster does not review the token";
    return (await this.#ask(this.#tokens, this.#keyOf(token), review, { ...options, trouble, words })).identity;
  }

  async authorize(user: Identity, attributes: AccessAttributes, options: CallOptions = {}): Promise<AccessGranted> {
    const review = async (signal: AbortSignal): Promise<ReviewedAccess> =>
      this.#reviews.reviewAccess(user, attributes, { signal });
    const trouble = this.#accessTrouble;
    const words = "cannot find out now what may be read: the cluster does not review the access";
    const key = this.#keyOf(accessText(user, attributes));
    const { allowed, reason } = await this.#ask(this.#accesses, key, review, { ...options, trouble, words });
    if (!allowed) throw accessRefused(user, attributes, reason);
    return { reason };
  }

  /** @throws StatusError 503 */
  async #ask<T>(
    cache: ReviewCache<T>,
    key: string,
    review: (signal: AbortSignal) => Promise<T>,
    { signal, trouble, words }: CallOptions & { readonly trouble: ReaderTrouble; readonly words: string },
  ): Promise<T> {
    try {
      return await cache.ask(key, async () => this.#inTime(review, trouble), { signal });
    } catch (error) {
      if (signal?.aborted === true) throw error;
      trouble.failed(error);
      const wait = KrmError.is(error) ? (error.status?.retryAfterSeconds ?? 1) : 1;
      throw serviceUnavailable(words, Math.min(Math.max(1, wait), LONGEST_WAIT));
    }
  }

  async #inTime<T>(review: (signal: AbortSignal) => Promise<T>, trouble: ReaderTrouble): Promise<T> {
    const late = (): KrmError =>
      new KrmError("KRM_CONNECTION", `a review was not answered within ${ANSWERED_WITHIN / 1000} s`);
    const answer = await within(ANSWERED_WITHIN, { clock: this.#clock }, late, review);
    trouble.answered();
    return answer;
  }

  #isFor(audiences: readonly string[]): boolean {
    return this.#audiences.length === 0 || audiences.some((audience) => this.#audiences.includes(audience));
  }

  #keyOf(text: string): string {
    return createHmac("sha256", this.#secret).update(text).digest("base64url");
  }
}

/** All that an access is decided by, so that no two of them have the same text. */
function accessText({ user, uid = "", groups = [], extra = {} }: Identity, attributes: AccessAttributes): string {
  const more = Object.entries(extra).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const what =
    attributes.type === "path"
      ? [attributes.verb, attributes.path]
      : [
          attributes.verb,
          attributes.group,
          attributes.version,
          attributes.resource,
          attributes.subresource,
          attributes.namespace,
          attributes.name,
        ];
  return JSON.stringify([user, uid, groups, more, attributes.type, what]);
}
