import { badRequest, StatusError, unauthorized } from "@krm/apimachinery";
import { type CallOptions, KrmError } from "@krm/core";
import type { FastifyRequest } from "fastify";
import { type Authenticator, bearerToken, type Identity } from "./authenticator.ts";
import type { AccessAttributes, Authorizer } from "./authorizer.ts";

/**
 * Asks once more whether who was let in may still read what they were let in for: resolves, or rejects with a StatusError.
 * 401: the token is nobody's any more, or somebody else's; 403: the right is gone; 503: that cannot be found out now.
 */
export type Recheck = (options?: CallOptions) => Promise<void>;

/** Who may read: see `MountOptions`. */
export interface AccessOptions {
  readonly auth?: Authenticator | undefined;
  readonly authorizer?: Authorizer | undefined;
}

/** Who asks, and what they were let in for last. */
interface Reader {
  readonly user: Identity;
  readonly token: string;
  granted?: AccessAttributes;
}

/** The requests to one server: who sent them, and what they may have. */
export class Access {
  readonly #auth: Authenticator | undefined;
  readonly #authorizer: Authorizer | undefined;
  readonly #readers = new WeakMap<FastifyRequest, Reader>();

  /** @throws KrmError `KRM_INVALID_ARGUMENT` */
  constructor({ auth, authorizer }: AccessOptions) {
    if (authorizer !== undefined && auth === undefined) {
      const hint = "Give auth too: an authorizer decides by who asks.";
      throw new KrmError("KRM_INVALID_ARGUMENT", "an authorizer without auth knows nobody", { hint });
    }
    this.#auth = auth;
    this.#authorizer = authorizer;
  }

  /** Whether anybody is asked who they are. */
  get isGuarded(): boolean {
    return this.#auth !== undefined;
  }

  /** Who sent a request that was {@link identify | identified}. */
  user(request: FastifyRequest): Identity | undefined {
    return this.#readers.get(request)?.user;
  }

  /** Finds out who sent a request; undefined: nobody who is known. @throws StatusError 503, or an error of the server. */
  async identify(request: FastifyRequest): Promise<Identity | undefined> {
    const token = bearerToken(request.headers.authorization);
    if (this.#auth === undefined || token === undefined) return undefined;
    const user = await whose(this.#auth, token, { signal: request.signal });
    if (user !== undefined) this.#readers.set(request, { user, token });
    return user;
  }

  /**
   * Resolves where the sender of a request may do this: to be called before anything is looked up.
   *
   * @throws StatusError 403, 503; an error of the server
   */
  async allow(request: FastifyRequest, attributes: AccessAttributes): Promise<void> {
    if (this.#authorizer === undefined) return;
    const reader = this.#readers.get(request);
    if (reader === undefined) throw unauthorized();
    refuseImpersonation(request);
    await mayThey(this.#authorizer, reader.user, attributes, { signal: request.signal });
    reader.granted = attributes;
  }

  /** For an answer that goes on, such as a watch: what asks again about the request's sender and what was allowed last. */
  recheck(request: FastifyRequest): Recheck {
    const auth = this.#auth;
    const authorizer = this.#authorizer;
    if (auth === undefined) return async () => {};
    const reader = this.#readers.get(request);
    return async (options = {}) => {
      const user = reader && (await whose(auth, reader.token, options));
      if (reader === undefined || user?.user !== reader.user.user) throw unauthorized();
      if (authorizer === undefined) return;
      // The groups may be others by now: the right is that of who they are today.
      if (reader.granted === undefined) throw unauthorized();
      await mayThey(authorizer, user, reader.granted, options);
    };
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

async function mayThey(
  authorizer: Authorizer,
  user: Identity,
  attributes: AccessAttributes,
  options: CallOptions,
): Promise<void> {
  try {
    await authorizer.authorize(user, attributes, options);
  } catch (cause) {
    if (cause instanceof StatusError) throw cause;
    throw new Error("the authorizer failed", { cause });
  }
}

/** Passed over, it would be answered with the rights of the wrong user. */
function refuseImpersonation({ headers }: FastifyRequest): void {
  if (Object.keys(headers).some((name) => name.startsWith("impersonate-"))) {
    throw badRequest("nobody can be impersonated here; ask as the user whose rights are meant, or the API server");
  }
}
