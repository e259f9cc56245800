import { compileDropPaths, type Logger, Monitor, PODS } from "@krm/core";
import { type AccessReviews, type AuditSink, ClusterAccess, krmPlugin } from "@krm/server";
import {
  type AccessRule,
  ClusterSource,
  CONFIG_MAPS,
  DEFAULT_USERS,
  ManualClock,
  NAMESPACES,
  SECRETS,
  SimApiServer,
  SimCluster,
  type SimUser,
} from "@krm/testkit";
import Fastify from "fastify";
import { simulatedReviews } from "./simulated-reviews.ts";

/** An answer, as far as it is compared. */
export interface Told {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A line of KRM's log. */
export interface Line {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A simulated cluster with an API server, and KRM, which lets the one decide who may read the other. */
export interface GuardedCluster extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly cluster: SimCluster;
  readonly apiServer: SimApiServer;
  readonly access: ClusterAccess;
  readonly log: readonly Line[];
  /** Asks KRM as a user, or with a token that is nobody's (`token:…`), or without one. */
  krm(user: string | undefined, url: string, headers?: Readonly<Record<string, string>>): Promise<Told>;
  /** Asks the API server the same. */
  upstream(user: string | undefined, url: string): Promise<Told>;
  /** Gives a user other rules. */
  grant(name: string, ...rules: AccessRule[]): void;
  /** How many reviews were asked for. */
  reviews(resource: "tokenreviews" | "subjectaccessreviews"): number;
}

/** What the tests' users may do. */
export const READ_PODS: AccessRule = { verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["pods"] };

const USERS: readonly SimUser[] = [
  ...DEFAULT_USERS,
  user("reviewer", { verbs: ["create"], apiGroups: ["*"], resources: ["tokenreviews", "subjectaccessreviews"] }),
  user("ada", { ...READ_PODS, namespaces: ["team-a"] }),
  user("bob", { ...READ_PODS, namespaces: ["team-b"] }),
  user("ops", READ_PODS, { verbs: ["get"], nonResourceURLs: ["/status", "/metrics", "/openapi.json", "/"] }),
  user("named", { ...READ_PODS, resourceNames: ["web"], namespaces: ["team-a"] }),
  user("maps", { verbs: ["get", "list"], apiGroups: [""], resources: ["configmaps"] }),
];

/** The token of a user. */
export function tokenOf(name: string): string {
  return name.startsWith("token:") ? name.slice("token:".length) : `${name}-token`;
}

function user(name: string, ...rules: AccessRule[]): SimUser {
  return { name, token: tokenOf(name), rules };
}

/** Starts a {@link GuardedCluster}. */
export async function guardedCluster(
  options: {
    readonly audiences?: readonly string[];
    /** As whom KRM asks. Default: one who may. */
    readonly reviewer?: string;
    readonly reviews?: AccessReviews;
    /** Served, but without anything that is monitored. */
    readonly unwatched?: boolean;
    readonly audit?: AuditSink;
  } = {},
): Promise<GuardedCluster> {
  const clock = new ManualClock();
  const cluster = new SimCluster({ clock });
  for (const name of ["team-a", "team-b"]) cluster.create(NAMESPACES, { metadata: { name } });
  const web = { image: "registry.example/web:1", name: "web", env: [{ name: "PADDING", value: "x".repeat(4096) }] };
  for (const namespace of ["team-a", "team-b"]) {
    for (const name of ["web", ...Array.from({ length: 40 }, (_, index) => `web-${index}`)]) {
      cluster.create(PODS, { metadata: { namespace, name }, spec: { containers: [web] } });
    }
    cluster.create(CONFIG_MAPS, { metadata: { namespace, name: "same" }, data: { shown: "yes" } });
    cluster.create(SECRETS, { metadata: { namespace, name: "same" }, data: { hidden: "czNjcmV0" } });
  }

  const apiServer = new SimApiServer({ cluster, tls: false, users: USERS });
  await apiServer.listen();
  const source = new ClusterSource({ cluster, drop: compileDropPaths([]) });
  const resources = [PODS, CONFIG_MAPS, SECRETS];
  const monitor = new Monitor({ source, resources, clock: new ManualClock({ now: clock.now() }) });
  if (options.unwatched !== true) await monitor.start().ready();

  const log: Line[] = [];
  const reviews = options.reviews ?? simulatedReviews(apiServer, tokenOf(options.reviewer ?? "reviewer"));
  const logger = recorder(log);
  const access = new ClusterAccess({ reviews, audiences: options.audiences, clock, logger });
  const app = Fastify();
  const metrics = { contentType: "text/plain", metrics: async () => "metric 1\n" };
  const scopes = monitor.scopes;
  await app.register(krmPlugin, {
    store: monitor.store,
    scopes,
    clock,
    logger,
    metrics,
    auth: access,
    authorizer: access,
    audit: options.audit,
  });

  const bearer = (name: string | undefined): Record<string, string> =>
    name === undefined ? {} : { authorization: `Bearer ${tokenOf(name)}` };
  return {
    clock,
    cluster,
    apiServer,
    access,
    log,
    async krm(name, url, headers = {}) {
      const { body, headers: told, statusCode } = await app.inject({ url, headers: { ...bearer(name), ...headers } });
      return { status: statusCode, body, headers: told };
    },
    async upstream(name, url) {
      const response = await fetch(`${apiServer.url}${url}`, { headers: bearer(name) });
      return { status: response.status, body: await response.text(), headers: Object.fromEntries(response.headers) };
    },
    grant(name, ...rules) {
      apiServer.users.set(user(name, ...rules));
    },
    reviews: (resource) => apiServer.requests.count({ verb: "create", resource }),
    async [Symbol.asyncDispose]() {
      await app.close();
      await monitor.stop();
      await apiServer.close();
    },
  };
}

function recorder(log: Line[]): Logger {
  const at =
    (level: string) =>
    (fields: object, message: string): void => {
      log.push({ level, fields, message });
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The names of the items of a list. */
export function namesIn({ body }: Told): readonly string[] {
  const { items } = JSON.parse(body) as {
    readonly items: readonly { readonly metadata: { readonly namespace: string; readonly name: string } }[];
  };
  return items.map(({ metadata: { name, namespace } }) => `${namespace}/${name}`);
}

/** A Status's code and message. */
export function refusal({ body }: Told): readonly [number, string] {
  const { code, message } = JSON.parse(body) as { readonly code: number; readonly message: string };
  return [code, message];
}
