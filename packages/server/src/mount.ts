import { methodNotAllowed, notFoundPath, StatusError, unauthorized } from "@krm/apimachinery";
import {
  type Clock,
  DEFAULT_STALENESS,
  type Logger,
  type Scope,
  silentLogger,
  type StalenessBounds,
  type Store,
  systemClock,
} from "@krm/core";
import { PAGE_FOLDER } from "@krm/page";
import { hasCause, HEADERS, KUBERNETES_PATHS, PATHS } from "@krm/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import { DEFAULT_STALL_MS } from "./answer/connection.ts";
import { errorStatus } from "./answer/error-status.ts";
import type { RequestObserver } from "./answer/observe-answers.ts";
import { sendJson, sendStatus } from "./answer/send.ts";
import { addVary } from "./answer/vary.ts";
import type { AuditSink } from "./audit/audit-event.ts";
import type { Auditor } from "./audit/auditor.ts";
import type { Access } from "./auth/access.ts";
import type { Authenticator } from "./auth/authenticator.ts";
import type { Authorizer } from "./auth/authorizer.ts";
import { CompressedObjects } from "./body/compressed-objects.ts";
import { Forwarding } from "./forwarding/forwarding.ts";
import type { Upstream } from "./forwarding/upstream.ts";
import { type LimitOptions, readLimits } from "./limits/limit-options.ts";
import { WatchPlaces } from "./limits/watch-places.ts";
import { readQuery } from "./request/query-string.ts";
import { answerIndex } from "./routes/index-page.ts";
import { answerList } from "./routes/list.ts";
import { answerMetrics, type MetricsSource } from "./routes/metrics.ts";
import type { DelaySource } from "./routes/delay-source.ts";
import { openApiDocument } from "./routes/openapi.ts";
import { Page } from "./routes/page.ts";
import { answerLivez, answerReadyz } from "./routes/probes.ts";
import { answerStatus } from "./routes/status.ts";
import { answerKubernetes } from "./kubernetes/answer.ts";
import type { KubernetesContext } from "./kubernetes/context.ts";
import { FieldCache } from "./selection/field-cache.ts";
import { Catalog } from "./view/catalog.ts";
import { SnapshotShelf } from "./view/snapshot-shelf.ts";
import { watchHandler } from "./watch/watch-handler.ts";
import { WatchHub } from "./watch/watch-hub.ts";

/** How often it is looked what has come to be watched in several scopes. Milliseconds. */
const LOOK_EVERY_MS = 5000;

/** What the routes need. */
export interface MountOptions extends LimitOptions {
  readonly store: Store;
  /**
   * Scopes that are going to be in the store: until they are, they answer 503 rather than 404, and count for `/readyz`.
   * @default none: what the store holds
   */
  readonly scopes?: readonly Scope[] | undefined;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** When a view counts as stale. @default 10 s without a watch, 150 s of silence on one */
  readonly staleness?: StalenessBounds | undefined;
  /** Who may read; `/livez` and `/readyz` are open to all. @default everyone who can reach the server */
  readonly auth?: Authenticator | undefined;
  /** What each of them may read; needs `auth`. @default whoever may read at all may read everything */
  readonly authorizer?: Authorizer | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
  /** What `/metrics` answers. @default nothing: there is no such path */
  readonly metrics?: MetricsSource | undefined;
  /** How late events were in the last hour, for `/status?delays=1h`. @default nobody knows */
  readonly delays?: DelaySource | undefined;
  /** Hears of every request and its answer, and of watches, for metrics. @default nobody */
  readonly observer?: RequestObserver | undefined;
  /** Where every request is written down, but those of `/livez` and `/readyz`. @default nowhere */
  readonly audit?: AuditSink | undefined;
  /**
   * The API server to which reads of the Kubernetes API are sent on that cannot be answered from the store, with the
   * caller's own token: whoever `auth` lets in must be known to it by that. @default none: they are 404
   */
  readonly upstream?: Upstream | undefined;
}

/** What the caller of {@link mountKrm} has made before. */
export interface MountParts {
  /** Of the options' `auth` and `authorizer`. */
  readonly access: Access;
  /** Of the options' `audit`, with that access. */
  readonly auditor: Auditor | undefined;
  /** Whether the answers to unknown paths are set here, or by whoever owns the application. */
  readonly notFound: boolean;
  /** A reader who takes nothing for this long of what is sent on is cut off. Milliseconds. @default 120 000 */
  readonly stallMs?: number | undefined;
}

/** What was mounted. */
export interface Mounted {
  /**
   * Follows all that is watched in several scopes by now, so that a watch can go on from the first list of it; else that is
   * looked for when the server is ready, and every five seconds. Never rejects: what cannot be looked up is looked for again.
   */
  readonly followUnions: () => Promise<void>;
}

/**
 * Adds KRM's hooks, routes and error handling to an instance, which must be KRM's own (or its encapsulated part). Observer
 * and auditor are the caller's to attach, before all other hooks.
 */
export function mountKrm(app: FastifyInstance, options: MountOptions, parts: MountParts): Mounted {
  const {
    store,
    clock = systemClock,
    staleness = DEFAULT_STALENESS,
    logger = silentLogger,
    metrics,
    upstream,
  } = options;
  const limits = readLimits(options);
  const { access, auditor, stallMs = DEFAULT_STALL_MS } = parts;
  const catalog = new Catalog(store, options.scopes ?? [], clock);
  const fields = new FieldCache();
  const hub = new WatchHub({ store, clock, logger, fields });
  const places = new WatchPlaces(limits);
  const began = (request: FastifyRequest): void => auditor?.streams(request);
  const forwarding = upstream && new Forwarding(upstream, { clock, logger, access, places, began, stallMs });
  const context: KubernetesContext = {
    forwarding,
    store,
    catalog,
    clock,
    staleness,
    shelf: new SnapshotShelf(clock),
    fields,
    access,
    compressed: new CompressedObjects(),
    limits,
    follow: async (scopes, signal) => hub.prepare(scopes, signal),
    followUnions: (watched) => {
      for (const { scopes } of watched) hub.follow(scopes);
    },
    watch: watchHandler({
      hub,
      store,
      clock,
      staleness,
      access,
      places,
      began,
    }),
  };
  options.observer?.watches?.(() => hub.byScope);
  const followUnions = async (): Promise<void> => {
    try {
      context.followUnions(await catalog.watched());
    } catch {
      // Nothing is watched yet, or the store does not answer: whoever asks is told.
    }
  };
  let looking: NodeJS.Timeout | undefined;
  app.addHook("onReady", async () => {
    looking = setInterval(() => void followUnions(), LOOK_EVERY_MS).unref();
    void followUnions();
  });
  app.addHook("preClose", async () => {
    clearInterval(looking);
    forwarding?.close();
    await hub[Symbol.asyncDispose]();
  });
  const prefix = app.prefix.replace(/\/$/, "");
  const paths = Object.values(PATHS).filter((path) => path !== PATHS.metrics || metrics !== undefined);
  const page = new Page(prefix);
  const livez = `${prefix}${PATHS.livez}`;
  const readyz = `${prefix}${PATHS.readyz}`;

  app.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-cache, private").header("x-content-type-options", "nosniff");
    const { url } = request.routeOptions;
    // Whether this process lives must not wait for who asks.
    if (access.isGuarded && url !== livez && !page.isFor(request)) {
      reply.header("vary", "Authorization");
      const isOpen = url === readyz;
      try {
        if ((await access.identify(request)) === undefined) throw unauthorized();
      } catch (error) {
        if (!isOpen) {
          const isUnknown = error instanceof StatusError && error.status.code === 401;
          if (isUnknown) reply.header("www-authenticate", 'Bearer realm="krm"');
          if (access.isDistrusted(request)) reply.header("connection", "close");
          throw error;
        }
      }
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      reply.header("allow", "GET, HEAD");
      throw methodNotAllowed();
    }
  });

  app.addHook("onResponse", async (request, reply) => {
    const { method, url } = request;
    const user = access.user(request)?.user;
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    logger.debug({ method, url, status: reply.statusCode, ms, ...(user === undefined ? {} : { user }) }, "answered");
  });

  app.setErrorHandler(async (thrown, request, reply) => {
    const { error, fault } = errorStatus(thrown);
    // What a reader who has left was waiting for ends with an error too.
    if (fault && !request.signal.aborted)
      logger.error({ method: request.method, url: request.url, err: thrown }, "could not answer");
    // The tag of a list that did not come to be would call it unchanged the next time.
    reply.removeHeader("etag").removeHeader("content-encoding");
    if (hasCause(error.status, "ViewSyncing") && !reply.hasHeader(HEADERS.state))
      reply.header(HEADERS.state, "syncing");
    auditor?.failed(request, error.status);
    return sendStatus(reply, error);
  });
  if (parts.notFound) {
    app.setNotFoundHandler(async (request, reply) => {
      const error = notFoundPath();
      auditor?.failed(request, error.status);
      return sendStatus(reply, error);
    });
  }

  const read = (
    url: string,
    handler: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>,
  ): void => {
    app.route({ method: ["GET", "HEAD"], url, exposeHeadRoute: false, handler });
    // Never run: the hook above has refused the method. Without a route the application's own 404 would answer.
    app.route({ method: otherMethods(app), url, handler });
  };
  const readPath = (path: string, handler: Parameters<typeof read>[1]): void =>
    read(path, async (request, reply) => {
      await access.allow(request, { type: "path", verb: "get", path });
      return handler(request, reply);
    });
  const readIndex = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    await access.allow(request, { type: "path", verb: "get", path: "/" });
    return answerIndex(catalog, { prefix, paths }, request, reply);
  };
  read("/", async (request, reply) => {
    addVary(reply, "Accept");
    return page.isFor(request) ? page.answerDocument(request, reply) : readIndex(request, reply);
  });
  read(`/${PAGE_FOLDER}/:file`, async (request, reply) => page.answerFile(request, reply));
  read("/:resource", async (request, reply) => {
    const { resource } = request.params as { readonly resource: string };
    return answerList(context, resource, request, reply);
  });
  for (const url of kubernetesRoutes(forwarding !== undefined))
    read(url, async (request, reply) => answerKubernetes(context, prefix, request, reply));
  readPath(PATHS.status, async (request, reply) =>
    answerStatus({ ...context, delays: options.delays }, request, reply),
  );
  read(PATHS.livez, async (request, reply) => answerLivez(request, reply));
  read(PATHS.readyz, async (request, reply) => {
    const detailed = !access.isGuarded || access.user(request) !== undefined;
    return answerReadyz(context, detailed, request, reply);
  });
  if (metrics !== undefined) readPath(PATHS.metrics, async (request, reply) => answerMetrics(metrics, request, reply));
  readPath(PATHS.openapi, async (request, reply) => {
    readQuery(request.raw.url ?? "", []);
    return sendJson(reply, openApiDocument({ prefix, paths, sendsOn: forwarding !== undefined }));
  });
  return { followUnions };
}

function kubernetesRoutes(sendsOn: boolean): readonly string[] {
  const { core, groups, schemas, version } = KUBERNETES_PATHS;
  return [version, core, `${core}/*`, groups, `${groups}/*`, ...(sendsOn ? [`${schemas}/*`] : [])];
}

function otherMethods(app: FastifyInstance): HTTPMethods[] {
  return app.supportedMethods.filter((method) => method !== "GET" && method !== "HEAD");
}
