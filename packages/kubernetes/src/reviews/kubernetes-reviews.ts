import { type CallOptions, KrmError } from "@krm/core";
import type { KubernetesSource } from "../kubernetes-source.ts";

/** A user as the API server knows them. */
export interface ReviewedUser {
  readonly user: string;
  readonly groups?: readonly string[] | undefined;
  readonly uid?: string | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** What a user wants to do; of a resource, `""` is none or all. */
export type ReviewedAttributes =
  | {
      readonly type: "resource";
      readonly verb: string;
      readonly group: string;
      readonly version: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly type: "path"; readonly verb: string; readonly path: string };

const TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews";
const ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const OWN_REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const OWN_ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

interface UserInfo {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly user?: UserInfo;
  readonly audiences?: readonly string[];
}

interface SelfReviewStatus {
  readonly userInfo?: UserInfo;
}

interface AccessReviewStatus {
  readonly allowed?: boolean;
  readonly denied?: boolean;
  readonly reason?: string;
}

/**
 * Asks the API server who a token belongs to and what its user may do: what `@krm/server`'s ClusterAccess asks, which
 * remembers the answers for a while. Rights needed: those of the ClusterRole `system:auth-delegator`. Reviews go two at a
 * time over the connections for writes: give it a source of its own where a canary writes over the other.
 */
export class KubernetesReviews {
  readonly #source: KubernetesSource;

  constructor(source: KubernetesSource) {
    this.#source = source;
  }

  /**
   * Who a token belongs to, and for which of the audiences; undefined: nobody.
   *
   * @param audiences For whom it must have been issued, one of them at least. Empty: for the API server itself.
   * @throws KrmError as `ListWatch` does; never with the token in it.
   */
  async reviewToken(
    token: string,
    audiences: readonly string[],
    options: CallOptions = {},
  ): Promise<{ readonly identity: ReviewedUser; readonly audiences: readonly string[] } | undefined> {
    const spec = { token, ...(audiences.length === 0 ? {} : { audiences }) };
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec };
    const status = await this.#review<TokenReviewStatus>(TOKEN_REVIEWS, review, options).catch((error: unknown) => {
      throw withoutToken(error, token);
    });
    if (status.authenticated !== true) return undefined;
    const { username = "", uid, groups, extra } = status.user ?? {};
    // Whoever has no name could not be refused anything by it either.
    if (username === "") throw new KrmError("KRM_DECODE", `${TOKEN_REVIEWS} was answered with a user without a name`);
    return { identity: { user: username, uid, groups, extra }, audiences: status.audiences ?? [] };
  }

  /**
   * Whether a user may do something, and what the API server's authorizers say to it.
   *
   * @throws KrmError as `ListWatch` does
   */
  async reviewAccess(
    { user, groups, uid, extra }: ReviewedUser,
    attributes: ReviewedAttributes,
    options: CallOptions = {},
  ): Promise<{ readonly allowed: boolean; readonly reason: string | undefined }> {
    const spec = { ...askedFor(attributes), user, groups, extra, uid };
    const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
    return reviewed(await this.#review<AccessReviewStatus>(ACCESS_REVIEWS, review, options));
  }

  /**
   * Whether the source's own user may do something. Needs no right but that of `system:basic-user`, which everybody has who
   * is authenticated.
   *
   * @throws KrmError as `ListWatch` does
   */
  async reviewOwnAccess(
    attributes: ReviewedAttributes,
    options: CallOptions = {},
  ): Promise<{ readonly allowed: boolean; readonly reason: string | undefined }> {
    const spec = askedFor(attributes);
    const review = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec };
    return reviewed(await this.#review<AccessReviewStatus>(OWN_ACCESS_REVIEWS, review, options, basicUser));
  }

  /**
   * Who the source's own user is; undefined where the API server does not tell (before Kubernetes 1.28).
   *
   * @throws KrmError as `ListWatch` does
   */
  async reviewSelf(options: CallOptions = {}): Promise<ReviewedUser | undefined> {
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    try {
      const { userInfo } = await this.#review<SelfReviewStatus>(OWN_REVIEWS, review, options, basicUser);
      const { username = "", uid, groups, extra } = userInfo ?? {};
      return username === "" ? undefined : { user: username, uid, groups, extra };
    } catch (error) {
      if (KrmError.is(error, "KRM_API_STATUS") && error.status?.code === 404) return undefined;
      throw error;
    }
  }

  async #review<Status>(
    path: string,
    review: object,
    { signal }: CallOptions,
    mend: (error: unknown) => unknown = withRights,
  ): Promise<Status> {
    try {
      const { body } = await this.#source.transport.read({
        purpose: "write",
        path,
        write: { method: "POST", contentType: "application/json", body: JSON.stringify(review) },
        signal,
      });
      return statusOf(body, path) as Status;
    } catch (error) {
      throw mend(error);
    }
  }
}

/** What a review asks: an empty part is none. */
function askedFor({ type, ...what }: ReviewedAttributes): object {
  const asked = Object.fromEntries(Object.entries(what).filter(([, value]) => value !== ""));
  return { [type === "path" ? "nonResourceAttributes" : "resourceAttributes"]: asked };
}

function reviewed({ allowed, denied, reason }: AccessReviewStatus): {
  readonly allowed: boolean;
  readonly reason: string | undefined;
} {
  return { allowed: allowed === true && denied !== true, reason: reason === "" ? undefined : reason };
}

function statusOf(body: Buffer, path: string): object {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString("utf8"));
  } catch {
    // What is no JSON may hold anything, so that none of it is told.
  }
  const status = typeof answer === "object" && answer !== null && "status" in answer ? answer.status : undefined;
  if (typeof status === "object" && status !== null) return status;
  throw new KrmError("KRM_DECODE", `${path} was answered without a review's status`);
}

/** What a 403 asks for is not the right to read. */
function withRights(error: unknown): unknown {
  return forbiddenHint(error, "bind the ClusterRole system:auth-delegator to KRM's user or service account");
}

function basicUser(error: unknown): unknown {
  return forbiddenHint(
    error,
    "the ClusterRoleBinding system:basic-user, which a cluster has from its start, was changed",
  );
}

function forbiddenHint(error: unknown, hint: string): unknown {
  if (!KrmError.is(error, "KRM_API_STATUS") || error.status?.code !== 403) return error;
  return new KrmError(error.code, error.message, { status: error.status, hint });
}

/** An API server, or what stands before it, that does not understand a request may repeat it. */
function withoutToken(error: unknown, token: string): unknown {
  if (!KrmError.is(error)) return error;
  const { code, hint, status } = error;
  const told = `${error.message} ${status?.message ?? ""}`;
  if (!told.includes(token) && !told.includes(JSON.stringify(token).slice(1, -1))) return error;
  const { code: answered = 0, reason = "", retryAfterSeconds } = status ?? {};
  const message = `${TOKEN_REVIEWS} was answered with ${answered} ${reason}; what else it says repeats the token`;
  return new KrmError(code, message, {
    hint,
    status: status && { code: answered, reason, message: "", retryAfterSeconds },
  });
}
