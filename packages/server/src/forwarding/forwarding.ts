import { serviceUnavailable, type StatusError } from "@krm/apimachinery";
import { type Clock, KrmError, type Logger, untilAborted } from "@krm/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { causedError } from "../answer/caused-error.ts";
import { breakOff, isGone } from "../answer/connection.ts";
import { ReaderTrouble } from "../answer/reader-trouble.ts";
import type { Access } from "../auth/access.ts";
import type { Identity } from "../auth/authenticator.ts";
import type { RequestTarget } from "../kubernetes/request-target.ts";
import { UserPlaces } from "../limits/user-places.ts";
import type { WatchPlaces } from "../limits/watch-places.ts";
import { askedHeaders, AUDIT_ID, callerToken } from "./passed-headers.ts";
import { forwardedPath } from "./forwarded-path.ts";
import { sendForwarded } from "./send-forwarded.ts";
import type { Upstream, UpstreamAnswer } from "./upstream.ts";

/** kube-apiserver gives up on a request after 60 s. Milliseconds. */
const ANSWERED_WITHIN = 75_000;

/** Under way at once, watches included: each holds two connections. */
const AT_ONCE = 4096;

/** Of them those of one user, where it is known who asks: nobody keeps the others out. */
const OF_ONE_USER = AT_ONCE / 8;

/** What is answered by others that stand before an API server which is away, or by itself when it is about to be. */
const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** A request that is sent on. */
export interface Forwarded extends RequestTarget {
  /** As {@link forwardedPath} writes it. */
  readonly path: string;
  /**
   * What may be silent for as long as it likes: a watch; and a subresource, of which nobody here knows (logs that are
   * followed are one). Each takes one of the places that a user has for watches.
   */
  readonly kind: "watch" | "subresource" | "finite";
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** How long is waited for an answer, and which is none. */
export interface ForwardOptions {
  /** Milliseconds. */
  readonly withinMs?: number;
  /** Takes it for no answer that a server is away, whoever says so. Default: that is passed on as any other. */
  readonly refuseAway?: boolean;
}

/** What a {@link Forwarding} works with. */
export interface ForwardingParts {
  readonly access: Pick<Access, "isByCertificate" | "user">;
  /** Hears of every watch that begins. */
  readonly began: (request: FastifyRequest) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What has no end takes one of its user's. */
  readonly places: Pick<WatchPlaces, "take">;
  /** A reader who takes nothing for this long is cut off. Milliseconds. */
  readonly stallMs: number;
}

/** Why a request that was sent on is given up. */
type Reason = "left" | "late" | "closing";

/** Sends reads on to an API server, and its answers back. */
export class Forwarding {
  readonly #upstream: Upstream;
  readonly #access: ForwardingParts["access"];
  readonly #began: ForwardingParts["began"];
  readonly #clock: Clock;
  readonly #places: ForwardingParts["places"];
  readonly #stallMs: number;
  readonly #trouble: ReaderTrouble;
  readonly #shares = new UserPlaces(OF_ONE_USER, tooManyOfOne);
  /** What is under way, and whether it may go on for ever. */
  readonly #open = new Map<AbortController, boolean>();

  constructor(upstream: Upstream, { access, began, clock, logger, places, stallMs }: ForwardingParts) {
    this.#upstream = upstream;
    this.#access = access;
    this.#began = began;
    this.#clock = clock;
    this.#places = places;
    this.#stallMs = stallMs;
    this.#trouble = new ReaderTrouble("given what is not watched here", 502, { clock, logger });
  }

  /**
   * Resolves when the whole answer was sent, or broken off, or nobody is left who wants it.
   *
   * @throws StatusError 502, 503, 504 where there is no answer, 429 where the user has too many that have no end, 403 for
   * whoever is known by a certificate, which cannot be sent on; nothing has been sent then.
   */
  async answer(forwarded: Forwarded, options: ForwardOptions = {}): Promise<void> {
    const { kind, reply, request } = forwarded;
    if (this.#access.isByCertificate(request)) throw certified();
    if (this.#open.size >= AT_ONCE) throw tooMany();
    const endless = kind !== "finite";
    const giveBack = this.#take(endless, request);
    const given = new AbortController();
    const left = (): void => given.abort("left" satisfies Reason);
    reply.raw.once("close", left);
    if (isGone(reply.raw)) left();
    this.#open.set(given, endless);
    try {
      const answer = await this.#ask(forwarded, given, options);
      if (answer === undefined) {
        reply.hijack();
        breakOff(reply.raw);
      } else {
        const location = ownLocation(answer, forwarded);
        if (kind === "watch" && answer.status === 200) this.#began(request);
        const pace = { clock: this.#clock, stallMs: this.#stallMs };
        await sendForwarded(answer, { endless, reply, request, location, ...pace });
      }
    } finally {
      giveBack();
      this.#open.delete(given);
      reply.raw.off("close", left);
      given.abort();
    }
  }

  /** A share of what can be under way, and a watch's place for what has no end. @throws StatusError 429 */
  #take(endless: boolean, request: FastifyRequest): () => void {
    const user = this.#access.user(request);
    const share = user === undefined ? () => {} : this.#shares.take(user);
    try {
      const place = endless ? this.#places.take(user) : () => {};
      return () => {
        share();
        place();
      };
    } catch (error) {
      share();
      throw error;
    }
  }

  /** Breaks off what would not end by itself. */
  close(): void {
    for (const [given, endless] of this.#open) if (endless) given.abort("closing" satisfies Reason);
  }

  /** Undefined: whoever asked has left. */
  async #ask(
    { kind, path, query, reply, request }: Forwarded,
    given: AbortController,
    { withinMs = ANSWERED_WITHIN, refuseAway = false }: ForwardOptions,
  ): Promise<UpstreamAnswer | undefined> {
    const { signal } = given;
    const search = query.toString();
    const answered = new AbortController();
    // Logs that are followed begin with their first line, which may be hours away.
    if (kind !== "subresource") {
      this.#clock.sleep(withinMs, { signal: answered.signal }).then(
        () => given.abort("late" satisfies Reason),
        () => {},
      );
    }
    try {
      signal.throwIfAborted();
      const asked = this.#upstream.read({
        method: request.method === "HEAD" ? "HEAD" : "GET",
        target: search === "" ? path : `${path}?${search}`,
        headers: { ...askedHeaders(request.raw), ...sameAudit(reply) },
        token: callerToken(request.raw),
        endless: kind !== "finite",
        signal,
      });
      const answer = await untilAborted(asked, signal);
      if (refuseAway && AWAY.has(answer.status)) {
        throw new KrmError(
          "KRM_CONNECTION",
          `the API server is away: it, or what stands before it, answers ${answer.status}`,
        );
      }
      // Anything else would make another protocol of the connection, or none.
      if (!(answer.status >= 200 && answer.status <= 599)) {
        throw new KrmError("KRM_CONNECTION", `the API server answers with status ${answer.status}`);
      }
      this.#trouble.answered();
      return answer;
    } catch (error) {
      switch (signal.aborted ? (signal.reason as Reason) : undefined) {
        case "left":
          return undefined;
        case "closing":
          throw serviceUnavailable("this server is ending");
        case "late": {
          const seconds = withinMs / 1000;
          this.#trouble.failed(new KrmError("KRM_CONNECTION", `the API server has not answered within ${seconds} s`));
          throw unavailable(504, `has not answered within ${seconds} s`);
        }
        case undefined:
          this.#trouble.failed(error);
          throw unavailable(502, "does not answer");
      }
    } finally {
      answered.abort();
    }
  }
}

/** Where a redirect leads, as the reader can follow it; undefined: it is none. @throws StatusError 502 where it leads elsewhere. */
function ownLocation({ headers: { location }, status }: UpstreamAnswer, { base }: Forwarded): string | undefined {
  if (!REDIRECTS.has(status)) return undefined;
  const [path = "", ...query] = typeof location === "string" ? location.split("?") : [];
  try {
    return `${base}${forwardedPath(path)}${query.length === 0 ? "" : `?${query.join("?")}`}`;
  } catch {
    throw unavailable(502, "sends readers elsewhere, where their tokens have no business");
  }
}

/** Where requests are written down, both logs have the same identifier for one. */
function sameAudit(reply: FastifyReply): Record<string, string> {
  const id = reply.getHeader(AUDIT_ID);
  return typeof id === "string" ? { [AUDIT_ID]: id } : {};
}

function certified(): StatusError {
  const message =
    "this is not held here, and cannot be asked of the API server: whoever is known by a client certificate has no token to send on";
  return causedError("NotForwarded", { code: 403, message });
}

function tooMany(): StatusError {
  const message = `${AT_ONCE} requests are sent on to the API server already`;
  return causedError("ApiServerUnavailable", { code: 503, message, retryAfterSeconds: 1 });
}

function tooManyOfOne(user: Identity | undefined): StatusError {
  const message = `Too many requests, please try again later: ${OF_ONE_USER} requests of user ${JSON.stringify(user?.user)} are sent on to the API server already`;
  return causedError("TooManyForwarded", { code: 429, message, retryAfterSeconds: 1 });
}

function unavailable(code: 502 | 504, what: string): StatusError {
  const message = `this is not held here, and the API server, which is asked instead, ${what}`;
  return causedError("ApiServerUnavailable", { code, message });
}
