import { constants } from "node:crypto";
import type { AddressInfo, Socket } from "node:net";
import type { SecureContextOptions, Server as TlsServer } from "node:tls";
import { type Clock, KrmError, type Logger, silentLogger, systemClock } from "@krm/core";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { DEFAULT_STALL_MS } from "../answer/connection.ts";
import { errorStatus } from "../answer/error-status.ts";
import { answerObserver, observeAnswers } from "../answer/observe-answers.ts";
import { sendStatus } from "../answer/send.ts";
import { Auditor } from "../audit/auditor.ts";
import { Access } from "../auth/access.ts";
import type { AccessReviews } from "../auth/access-reviews.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { ClientCertificates } from "../auth/client-certificates.ts";
import { ClusterAccess } from "../auth/cluster-access.ts";
import { staticTokens, type StaticTokens } from "../auth/static-tokens.ts";
import { readLimits } from "../limits/limit-options.ts";
import { mountKrm, type MountOptions } from "../mount.ts";
import { refuseUnknownOptions } from "../options.ts";
import { refuseForeignTokens } from "./foreign-tokens.ts";
import { guardHost } from "./host-guard.ts";
import { isLoopback, type ListenAddress, listenError, urlOf } from "./listen-address.ts";
import { type FollowedTls, followTlsFiles, type TlsFiles } from "./tls-files.ts";

/** Who may read from a standalone server. */
export type ServerAuth =
  /** Everyone who can reach it. To be said in so many words where that is more than this machine. */
  | { readonly type: "none" }
  /** Whoever has a token out of a file: {@link staticTokens}. */
  | { readonly type: "static"; readonly file: string }
  /** Whoever the cluster knows, and only what it lets each of them read: {@link ClusterAccess}. */
  | {
      readonly type: "tokenreview";
      readonly reviews: AccessReviews;
      /** @default the API server's own */
      readonly audiences?: readonly string[] | undefined;
    }
  | {
      readonly type: "custom";
      readonly authenticator: Authenticator;
      /** @default whoever may read at all may read everything */
      readonly authorizer?: Authorizer | undefined;
    };

/** What {@link createServer} can be told. */
export interface ServerOptions extends Omit<MountOptions, "auth" | "authorizer"> {
  readonly listen: ListenAddress;
  /** Undefined: none, which only a loopback address may do. */
  readonly auth?: ServerAuth | undefined;
  /** Undefined: plain HTTP. With `clientCaFile`, who brings a certificate is known by it, beside what `auth` says. */
  readonly tls?: TlsFiles | undefined;
  /** How long `close` lets answers under way go on, in milliseconds. @default 500 */
  readonly graceMs?: number | undefined;
  /**
   * How long a connection may stand still in the middle of an answer, of what is sent on too, in milliseconds: a reader who
   * takes nothing of a list keeps all of its objects in memory. Watches of what is held here are cut after a minute,
   * whatever this says. @default 120 000
   */
  readonly stallMs?: number | undefined;
}

/** A server of its own. */
export interface KrmServer extends AsyncDisposable {
  /** The application, for `inject` and for routes of one's own before `listen`. */
  readonly app: FastifyInstance;
  /**
   * Starts to listen, once, and resolves to where.
   *
   * @throws KrmError `KRM_LISTEN` that names the address and what to do.
   */
  listen(): Promise<{ readonly url: string; readonly host: string; readonly port: number }>;
  /**
   * Follows what is watched in several scopes by now, so that a watch of all of them can go on from the first list. To be
   * called when scopes have come, and before anything is written of them; else they are noticed within five seconds, or at
   * the first request to the Kubernetes API. Never rejects.
   */
  followUnions(): Promise<void>;
  /** Takes no new requests, lets those under way end within the grace, then closes all. Never rejects for them. */
  close(): Promise<void>;
}

const KNOWN = [
  "store",
  "scopes",
  "clock",
  "staleness",
  "auth",
  "logger",
  "metrics",
  "delays",
  "observer",
  "upstream",
  "maxWatchesPerUser",
  "maxListSize",
  "audit",
  "listen",
  "tls",
  "graceMs",
  "stallMs",
];

/** A request has to arrive within this, headers and all. Milliseconds. */
const REQUEST_TIMEOUT = 30_000;

/** Long enough for every resource's name with its group. */
const MAX_PARAM_LENGTH = 512;

/**
 * Makes a server that answers from a store. It opens what it needs (token file, certificate) and says at once what is
 * wrong with it; the store stays the caller's to close.
 *
 * Without `auth` it answers only on a loopback address, and there only requests whose `Host` is a loopback one too, so
 * that no web page can reach it under a name of its own.
 *
 * With `upstream`, `auth` must be one whose tokens are the cluster's: `tokenreview` without audiences, `custom` on your
 * word, or none on a loopback address.
 *
 * @throws KrmError `KRM_UNSAFE_LISTEN` for another address without `auth`; `KRM_INVALID_ARGUMENT` for options that do not
 * exist or do not go together, files that cannot be used, and authorities of clients where everybody may read.
 * @example
 * await using server = await createServer({ store, listen: { host: "127.0.0.1", port: 8003 } });
 * const { url } = await server.listen();
 */
export async function createServer(options: ServerOptions): Promise<KrmServer> {
  refuseUnknownOptions(options, KNOWN, "createServer");
  const { listen, clock = systemClock, logger = silentLogger, graceMs = 500, stallMs = DEFAULT_STALL_MS } = options;
  refuseUnsafe(options);
  refuseForeignTokens(options);
  // What is wrong is said before anything is opened.
  readLimits(options);
  const stop = new AbortController();
  const tls = options.tls === undefined ? undefined : await followTlsFiles(options.tls, { clock, logger });
  const auth = await openAuth(options.auth, { clock, logger });
  const { authenticator, authorizer } = auth;
  const certificates = tls?.clientCa === undefined ? undefined : new ClientCertificates(clock);
  const access = new Access({ auth: authenticator, authorizer, certificates, upstream: options.upstream });
  const auditor = options.audit && new Auditor({ sink: options.audit, access, clock, prefix: "" });
  const observe = options.observer && answerObserver(options.observer, clock);
  const app = makeApp(tls, stallMs, { observe, auditor });
  app.server.on("connection", (connection: Socket) => certificates?.accepted(connection));
  if (options.observer !== undefined) observeAnswers(app, options.observer, clock);
  auditor?.attach(app);
  if (options.auth === undefined) guardHost(app);
  app.addHook("onResponse", async (request) => {
    const isOutdated = certificates?.judge(request.raw.socket).type === "outdated";
    // A connection that stays open after its answer would hold up the end, or be of no use.
    if (stop.signal.aborted || isOutdated) setImmediate(() => app.server.closeIdleConnections());
  });
  const parts = { access, auditor, notFound: true, stallMs };
  const mounted = mountKrm(app, { ...options, auth: authenticator, authorizer }, parts);
  const { followUnions } = mounted;
  const following = tls?.follow(stop.signal, (what) => {
    // Everything anew: what is left out falls back to the defaults.
    (app.server as unknown as TlsServer).setSecureContext(secureContext(tls));
    if (what === "pair") return;
    certificates?.changed();
    app.server.closeIdleConnections();
  });

  const start = async (): Promise<{ readonly url: string; readonly host: string; readonly port: number }> => {
    if (options.auth?.type === "none" && !isLoopback(listen.host)) {
      logger.warn({ host: listen.host }, "no authentication: everyone who reaches this address can read everything");
    }
    if (options.auth?.type === "tokenreview" && tls === undefined && !isLoopback(listen.host)) {
      const words =
        "tokens of the cluster's users come over plain HTTP: serve TLS, or let only a proxy that does reach it";
      logger.warn({ host: listen.host }, words);
    }
    try {
      await app.listen({ host: listen.host, port: listen.port });
    } catch (error) {
      throw listenError(error, listen);
    }
    const { port } = app.server.address() as AddressInfo;
    const url = urlOf({ host: listen.host, port }, tls !== undefined);
    logger.info({ url }, "listening");
    return { url, host: listen.host, port };
  };
  const end = async (): Promise<void> => {
    stop.abort();
    const closed = new AbortController();
    const force = closeAllAfter(app, graceMs, clock, closed.signal);
    await app.close();
    closed.abort();
    await Promise.all([force, following, auth.opened?.[Symbol.asyncDispose]()]);
  };
  let started: ReturnType<typeof start> | undefined;
  let ended: Promise<void> | undefined;
  const close = async (): Promise<void> => (ended ??= end());
  return { app, listen: async () => (started ??= start()), followUnions, close, [Symbol.asyncDispose]: close };
}

function refuseUnsafe({ auth, listen, tls }: ServerOptions): void {
  if (tls?.clientCaFile !== undefined && (auth === undefined || auth.type === "none")) {
    throw new KrmError("KRM_INVALID_ARGUMENT", "client certificates say who asks, but everybody may read", {
      hint: "Say who may read: whoever the cluster lets (--auth tokenreview), or whoever has a token or a certificate (--auth static:FILE).",
    });
  }
  if (auth !== undefined || isLoopback(listen.host)) return;
  throw new KrmError(
    "KRM_UNSAFE_LISTEN",
    `refusing to listen on ${listen.host === "" ? "every address" : listen.host} without authentication: others could read the cluster's state`,
    {
      hint: "Listen on 127.0.0.1, or say who may read: whoever the cluster lets (--auth tokenreview), static tokens from a file (--auth static:FILE), or everyone (--auth none).",
    },
  );
}

async function openAuth(
  auth: ServerAuth | undefined,
  at: { readonly clock: Clock; readonly logger: Logger },
): Promise<{
  readonly authenticator?: Authenticator;
  readonly authorizer?: Authorizer | undefined;
  readonly opened?: StaticTokens;
}> {
  switch (auth?.type) {
    case "static": {
      const opened = await staticTokens(auth.file, at);
      return { authenticator: opened, opened };
    }
    case "tokenreview": {
      const access = new ClusterAccess({ ...at, reviews: auth.reviews, audiences: auth.audiences });
      return { authenticator: access, authorizer: access };
    }
    case "custom":
      return { authenticator: auth.authenticator, authorizer: auth.authorizer };
    case "none":
    case undefined:
      return {};
  }
}

function makeApp(
  tls: FollowedTls | undefined,
  stallMs: number,
  told: { readonly observe: ReturnType<typeof answerObserver> | undefined; readonly auditor: Auditor | undefined },
): FastifyInstance {
  const common = {
    requestTimeout: REQUEST_TIMEOUT,
    connectionTimeout: stallMs,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
      // No hook has run for it.
      told.observe?.(request, reply);
      told.auditor?.begin(request, reply);
      const answer = errorStatus(error).error;
      told.auditor?.failed(request, answer.status);
      void sendStatus(reply, answer);
    },
  };
  if (tls === undefined) return Fastify(common);
  // Who brings no certificate, or one that counts for nothing, may have a token.
  const asking = tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: false };
  return Fastify({ ...common, https: { ...secureContext(tls), ...asking } });
}

function secureContext({ pair, clientCa }: FollowedTls): SecureContextOptions {
  const own: SecureContextOptions = { ...pair, minVersion: "TLSv1.2" };
  if (clientCa === undefined) return own;
  // A resumed session would bring a verdict of another day, and a second handshake another certificate than was verified.
  const secureOptions = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;
  return { ...own, ca: [...clientCa], secureOptions };
}

async function closeAllAfter(app: FastifyInstance, ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, { signal });
  } catch {
    return;
  }
  app.server.closeAllConnections();
}
