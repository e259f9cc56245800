import { systemClock } from "@krm/core";
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { observeAnswers } from "./answer/observe-answers.ts";
import { Auditor } from "./audit/auditor.ts";
import { Access } from "./auth/access.ts";
import { mountKrm, type MountOptions } from "./mount.ts";
import { refuseUnknownOptions } from "./options.ts";

/** What {@link krmPlugin} can be told. */
export interface KrmPluginOptions extends MountOptions {
  /** Fastify's own: the path under which everything is mounted. */
  readonly prefix?: string | undefined;
}

const KNOWN = [
  "store",
  "scopes",
  "clock",
  "staleness",
  "auth",
  "authorizer",
  "logger",
  "metrics",
  "delays",
  "observer",
  "upstream",
  "maxWatchesPerUser",
  "maxListSize",
  "audit",
  "prefix",
  "logLevel",
  "logSerializers",
];

/**
 * KRM's HTTP API as a Fastify plugin: the flat API, `/status`, `/livez`, `/readyz` and `/openapi.json`, relative to
 * `prefix`. It is encapsulated: its hooks and its error handler touch no other route. The store stays the caller's to
 * close. Registering rejects with `KRM_INVALID_ARGUMENT` for an option that does not exist.
 *
 * With a prefix it answers unknown paths below it with a Kubernetes Status; without one, the application does.
 *
 * @example
 * const app = Fastify();
 * await app.register(krmPlugin, { prefix: "/cluster", store });
 * const { items } = (await app.inject("/cluster/pods?namespace=team-a")).json();
 */
export const krmPlugin: FastifyPluginAsync<KrmPluginOptions> = fastifyPlugin(mount, {
  name: "@krm/server",
  fastify: "5.x",
  encapsulate: true,
});

async function mount(app: FastifyInstance, options: KrmPluginOptions): Promise<void> {
  refuseUnknownOptions(options, KNOWN, "krmPlugin");
  const { audit, observer, clock = systemClock } = options;
  const access = new Access(options);
  const auditor = audit && new Auditor({ sink: audit, access, clock, prefix: app.prefix.replace(/\/$/, "") });
  if (observer !== undefined) observeAnswers(app, observer, clock);
  auditor?.attach(app);
  mountKrm(app, options, { access, auditor, notFound: app.prefix !== "" });
}
