import { badRequest, serviceUnavailable, StatusError, unauthorized } from "@krm/apimachinery";
import { type CallOptions, KrmError, Semaphore } from "@krm/core";
import type { FastifyRequest } from "fastify";
import { type Authenticator, bearerToken, type Identity } from "./authenticator.ts";
import { type AccessAttributes, AccessRefused, type Authorizer, type ResourceAttributes } from "./authorizer.ts";
import type { CertificateVerdict, ClientCertificates } from "./client-certificates.ts";

/**
 * Asks once more whether who was let in may still read what they were let in for: resolves, or rejects with a StatusError.
 * 401: the token or the certificate is nobody's any more, or somebody else's; 403: the right is gone; 503: that cannot be
 * found out now.
 */
export type Recheck = (options?: CallOptions) => Promise<void>;

/** Who may read: see `MountOptions`. */
export interface AccessOptions {
  readonly auth?: Authenticator | undefined;
  readonly authorizer?: Authorizer | undefined;
  /** Beside `auth`: certificates that clients bring. */
  readonly certificates?: Pick<ClientCertificates, "judge"> | undefined;
  /** Where the API server is asked too: it honours what is asked for by `Impersonate-…`. */
  readonly upstream?: unknown;
}

/** Finds out who asks, by what they brought; undefined: nobody. */
type Identify = (options: CallOptions) => Promise<Identity | undefined>;

/** What a sender may be known by. */
interface Way {
  readonly by: "certificate" | "token";
  readonly identify: Identify;
}

/** What a request asked to do, last, and what was decided. */
export interface Judged {
  readonly attributes: AccessAttributes;
  /** Undefined: nothing could be decided. */
  readonly decision: "allow" | "forbid" | undefined;
  /** What the authorizer said to it. */
  readonly reason?: string | undefined;
}

/** Asked about, for those who want what they may read of many. Others must get their answers in between. */
const NAMESPACES_AT_ONCE = 16;

/** Who asks, and what they were let in for last. */
interface Reader {
  readonly user: Identity;
  /** The same once more, by what it was found out by. */
  readonly again: Identify;
  readonly by: Way["by"];
  granted?: AccessAttributes;
}

/** The requests to one server: who sent them, and what they may have. */
export class Access {
  readonly #auth: Authenticator | undefined;
  readonly #authorizer: Authorizer | undefined;
  readonly #certificates: AccessOptions["certificates"];
  readonly #refusesImpersonation: boolean;
  readonly #readers = new WeakMap<FastifyRequest, Reader>();
  readonly #judged = new WeakMap<FastifyRequest, Judged>();
  readonly #asking = new Semaphore(NAMESPACES_AT_ONCE);

  /** @throws KrmError `KRM_INVALID_ARGUMENT` */
  constructor({ auth, authorizer, certificates, upstream }: AccessOptions) {
    if (authorizer !== undefined && auth === undefined) {
      const hint = "Give auth too: an authorizer decides by who asks.";
      throw new KrmError("KRM_INVALID_ARGUMENT", "an authorizer without auth knows nobody", { hint });
    }
    this.#auth = auth;
    this.#authorizer = authorizer;
    this.#certificates = certificates;
    this.#refusesImpersonation = authorizer !== undefined || upstream !== undefined;
  }

  /** Whether anybody is asked who they are. */
  get isGuarded(): boolean {
    return this.#auth !== undefined;
  }

  /** Who sent a request that was {@link identify | identified}. */
  user(request: FastifyRequest): Identity | undefined {
    return this.#readers.get(request)?.user;
  }

  /** Whether whoever sent a request is known by a certificate: then no token of theirs counts. */
  isByCertificate(request: FastifyRequest): boolean {
    return this.#readers.get(request)?.by === "certificate";
  }

  /** Whether a request came with a certificate that counts for nothing (any more): over a new connection another may. */
  isDistrusted(request: FastifyRequest): boolean {
    const type = this.#certificates?.judge(request.raw.socket).type;
    return type === "refused" || type === "outdated";
  }

  /**
   * Finds out who sent a request; undefined: nobody who is known. As at the API server a certificate goes before a token,
   * which is looked at where there is no certificate, or a bad one.
   *
   * @throws StatusError 503, or an error of the server.
   */
  async identify(request: FastifyRequest): Promise<Identity | undefined> {
    const { signal } = request;
    for (const { by, identify: again } of this.#ways(request)) {
      const user = await again({ signal });
      if (user === undefined) continue;
      this.#readers.set(request, { user, again, by });
      return user;
    }
    return undefined;
  }

  #ways({ headers, raw }: FastifyRequest): readonly Way[] {
    const auth = this.#auth;
    const certificates = this.#certificates;
    if (auth === undefined) return [];
    const token = bearerToken(headers.authorization);
    const ways: Way[] = [];
    if (certificates !== undefined) {
      ways.push({ by: "certificate", identify: async () => byCertificate(certificates.judge(raw.socket)) });
    }
    if (token !== undefined) ways.push({ by: "token", identify: async (options) => whose(auth, token, options) });
    return ways;
  }

  /** What was decided of a request. Undefined: it has not come to that. */
  judged(request: FastifyRequest): Judged | undefined {
    return this.#judged.get(request);
  }

  /**
   * Resolves where the sender of a request may do this: to be called before anything is looked up.
   *
   * @throws StatusError 400 for one that asks to be somebody else, 403, 503; an error of the server
   */
  async allow(request: FastifyRequest, attributes: AccessAttributes): Promise<void> {
    const refusal = await this.refusal(request, attributes);
    if (refusal !== undefined) throw refusal;
  }

  /** As {@link allow}, but that they may not (403) is given back: for who can be given less. Undefined: they may. */
  async refusal(request: FastifyRequest, attributes: AccessAttributes): Promise<StatusError | undefined> {
    this.#judged.set(request, { attributes, decision: undefined });
    if (this.#refusesImpersonation) refuseImpersonation(request);
    if (this.#authorizer === undefined) {
      this.#judged.set(request, { attributes, decision: "allow" });
      return undefined;
    }
    const reader = this.#readers.get(request);
    if (reader === undefined) throw unauthorized();
    const decided = await decide(this.#authorizer, reader.user, attributes, { signal: request.signal });
    this.#judged.set(request, { attributes, ...decided });
    if (decided.decision === "forbid") return decided.refusal;
    reader.granted = attributes;
    return undefined;
  }

  /**
   * Those of some namespaces in which the sender of a request may do this, in their order. A few are asked about at a time,
   * for all requests together.
   *
   * @throws StatusError 503 where it cannot be found out of one of them; an error of the server
   */
  async namespaces(
    request: FastifyRequest,
    attributes: ResourceAttributes,
    among: readonly string[],
  ): Promise<readonly string[]> {
    const authorizer = this.#authorizer;
    if (authorizer === undefined) return among;
    const reader = this.#readers.get(request);
    if (reader === undefined) throw unauthorized();
    refuseImpersonation(request);
    const failed = new AbortController();
    const signal = AbortSignal.any([request.signal, failed.signal]);
    const ask = async (namespace: string): Promise<boolean> => {
      const one = { ...attributes, namespace, name: "" };
      const { decision } = await this.#asking.run(signal, async () => decide(authorizer, reader.user, one, { signal }));
      return decision === "allow";
    };
    try {
      const may = await Promise.all(among.map(ask));
      const within = among.filter((_, index) => may[index]);
      const reason = `scope=accessible: in ${within.length} namespace${within.length === 1 ? "" : "s"}`;
      this.#judged.set(request, { attributes, decision: "allow", reason });
      return within;
    } catch (error) {
      this.#judged.set(request, { attributes, decision: undefined });
      failed.abort();
      throw error;
    }
  }

  /** What may be read of it was nothing, and so it is refused after all. */
  forbade(request: FastifyRequest, attributes: AccessAttributes): void {
    this.#judged.set(request, { attributes, decision: "forbid" });
  }

  /** For an answer that goes on, such as a watch: what asks again about the request's sender and what was allowed last. */
  recheck(request: FastifyRequest): Recheck {
    const authorizer = this.#authorizer;
    if (!this.isGuarded) return async () => {};
    const reader = this.#readers.get(request);
    return async (options = {}) => {
      const user = await reader?.again(options);
      if (reader === undefined || user?.user !== reader.user.user) throw unauthorized();
      if (authorizer === undefined) return;
      // The groups may be others by now: the right is that of who they are today.
      if (reader.granted === undefined) throw unauthorized();
      const decided = await decide(authorizer, user, reader.granted, options);
      this.#judged.set(request, { attributes: reader.granted, ...decided });
      if (decided.decision === "forbid") throw decided.refusal;
    };
  }
}

function byCertificate(verdict: CertificateVerdict): Identity | undefined {
  switch (verdict.type) {
    case "known":
      return verdict.user;
    case "outdated":
      throw serviceUnavailable("the authorities of client certificates have changed: connect anew", 1);
    case "none":
    case "refused":
      return undefined;
  }
}

async function whose(auth: Authenticator, token: string, options: CallOptions): Promise<Identity | undefined> {
  try {
    return await auth.authenticate(token, options);
  } catch (cause) {
    if (cause instanceof StatusError && cause.status.code === 503) throw cause;
    // Whatever status it carries is of somebody else's answer, and no word of it is for who asks here.
    throw new Error("the authenticator failed", { cause });
  }
}

type Decided =
  | { readonly decision: "allow"; readonly reason: string | undefined }
  | { readonly decision: "forbid"; readonly reason: string | undefined; readonly refusal: StatusError };

/** @throws StatusError where nothing was decided; an error of the server */
async function decide(
  authorizer: Authorizer,
  user: Identity,
  attributes: AccessAttributes,
  options: CallOptions,
): Promise<Decided> {
  try {
    const granted = await authorizer.authorize(user, attributes, options);
    return { decision: "allow", reason: granted?.reason };
  } catch (cause) {
    if (!(cause instanceof StatusError)) throw new Error("the authorizer failed", { cause });
    if (cause.status.code !== 403) throw cause;
    const reason = cause instanceof AccessRefused ? cause.said : undefined;
    return { decision: "forbid", reason, refusal: cause };
  }
}

/** Passed over, it would be answered with the rights of the wrong user. */
function refuseImpersonation({ headers }: FastifyRequest): void {
  if (Object.keys(headers).some((name) => name.startsWith("impersonate-"))) {
    throw badRequest("nobody can be impersonated here; ask as the user whose rights are meant, or the API server");
  }
}
