import type { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { compileDropPaths, Monitor } from "@krm/core";
import { createServer, type KrmServer } from "@krm/server";
import { ClusterSource, ManualClock } from "@krm/testkit";
import type { Answer } from "../../../packages/testkit/test/golden/http-client.ts";
import type { Reader } from "../../../packages/testkit/test/golden/replay.ts";
import type { Exchange } from "../../../packages/testkit/test/golden/scenario.ts";
import type { World } from "../../../packages/testkit/test/golden/world.ts";
import { withoutViewNames } from "./continue-tokens.ts";
import { servedPart } from "./served-part.ts";

/** Who the tokens of the recorded requests belong to; what they may do was the API server's to say. */
const USERS = new Map(["admin", "viewer"].map((user) => [`${user}-token`, { user }]));
const COMPARED = ["cache-control", "content-type", "retry-after", "vary"];
/** The server looks again after so many milliseconds while it waits for a version. */
const LOOK_AGAIN = 1000;

interface ReaderParts {
  readonly clock: ManualClock;
  readonly source: ClusterSource;
  readonly monitor: Monitor;
  readonly server: KrmServer;
}

/** A KRM server, and a Monitor that follows the replayed cluster for it. */
export class KrmReader implements Reader {
  readonly #world: World;
  readonly #clock: ManualClock;
  readonly #source: ClusterSource;
  readonly #monitor: Monitor;
  readonly #server: KrmServer;

  private constructor(world: World, parts: ReaderParts) {
    this.#world = world;
    this.#clock = parts.clock;
    this.#source = parts.source;
    this.#monitor = parts.monitor;
    this.#server = parts.server;
  }

  static async start(world: World): Promise<KrmReader> {
    const clock = new ManualClock({ now: world.clock.now() });
    // Nothing is dropped: what was recorded is whole.
    const source = new ClusterSource({ cluster: world.cluster, drop: compileDropPaths([]) });
    // A clock of its own, which stands still: nothing is verified, nothing times out.
    const monitor = new Monitor({ source, clock: new ManualClock(), random: () => 0.5 }).start();
    await monitor.ready();
    const server = await createServer({
      store: monitor.store,
      clock,
      listen: { host: "127.0.0.1", port: 0 },
      auth: { type: "custom", authenticator: { authenticate: async (token) => USERS.get(token) } },
    });
    for (const { resource } of monitor.scopes) {
      const { group, version, resource: plural } = resource;
      await server.app.inject(`${group === "" ? "/api" : `/apis/${group}`}/${version}/${plural}`);
    }
    return new KrmReader(world, { clock, source, monitor, server });
  }

  async answer({ request, response }: Exchange): Promise<Answer> {
    await this.#follow();
    this.#clock.setNow(this.#world.clock.now());
    const { anonymous = false, as = "admin", method, path } = request;
    const authorization = anonymous ? {} : { authorization: `Bearer ${as}-token` };
    const asked = this.#server.app.inject({
      payloadAsStream: true,
      method: method as "GET",
      url: path,
      headers: { host: "127.0.0.1:6443", ...request.headers, ...authorization },
      ...(request.body === undefined ? {} : { payload: request.body as object }),
    });
    if (response.status === 504) {
      for (let look = 0; look < 3; look++) {
        await this.#clock.untilSleeping();
        await this.#clock.advance(LOOK_AGAIN);
      }
    }
    const answered = await asked;
    const { headers, statusCode } = answered;
    return { status: statusCode, headers: comparable(headers), text: await readQuiet(answered.stream()) };
  }

  recorded(body: unknown): unknown {
    return servedPart(body);
  }

  replayed(body: unknown): unknown {
    return withoutViewNames(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await this.#monitor.stop();
  }

  /** Waits until every view is at the cluster's version. */
  async #follow(): Promise<void> {
    const { version } = this.#world.cluster;
    const { scopes, store } = this.#monitor;
    for (let turns = 0; turns < 20_000; turns++) {
      if (this.#source.openWatches === scopes.length) this.#source.bookmark();
      const metas = await Promise.all(scopes.map((scope) => store.scope(scope).meta()));
      if (metas.every((meta) => meta.version === version)) return;
      await nextTurn();
    }
    throw new Error(`the views do not come to version ${version}`);
  }
}

/** Reads to the end, or until nothing more comes. */
async function readQuiet(stream: Readable): Promise<string> {
  let text = "";
  let quiet = 0;
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    quiet = 0;
  });
  stream.on("error", () => {});
  for (; quiet < 60 && !stream.readableEnded; quiet++) await nextTurn();
  stream.destroy();
  return text;
}

function comparable(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of COMPARED) {
    const value = headers[name];
    // That an answer depends on who asks is KRM's own to say.
    const text = typeof value === "string" && name === "vary" ? value.replace(/^Authorization(?:, )?/, "") : value;
    if (typeof text === "string" && text !== "") kept[name] = text;
  }
  return kept;
}
