import { scopeId } from "@krm/core";
import { SeededRandom } from "../random/seeded-random.ts";
import type { ClusterReader } from "../watch-cache/cluster-reader.ts";
import type { SourceRequest } from "./source-request.ts";

/** Which of several API servers behind one address answers a request. */
export class ServerChoice {
  readonly #servers: readonly ClusterReader[];
  readonly #route: ((request: SourceRequest) => number) | undefined;
  readonly #random: SeededRandom;
  /** The server that the last list of a scope came from, by verb and scope. */
  readonly #last = new Map<string, number>();

  /** `route` gives the index of a server; undefined: any of them, by seed. */
  constructor(
    servers: readonly ClusterReader[],
    route: ((request: SourceRequest) => number) | undefined,
    seed: number | string,
  ) {
    this.#servers = servers;
    this.#route = route;
    this.#random = new SeededRandom(`${seed}/servers`);
  }

  /** The pages of one list come over one connection, and so from one server, unless they are asked for elsewhere. */
  of(asked: SourceRequest): ClusterReader {
    const id = `${asked.verb} ${scopeId(asked.scope)}`;
    const next = asked.verb !== "watch" && asked.verb !== "get" && asked.request.continue !== undefined;
    const stays = next && asked.request.elsewhere !== true ? this.#last.get(id) : undefined;
    const index = this.#route?.(asked) ?? stays ?? this.#random.integer(0, this.#servers.length - 1);
    this.#last.set(id, index);
    const server = this.#servers[index];
    if (server === undefined) {
      throw new RangeError(`there is no server ${index}: route to one of 0 to ${this.#servers.length - 1}`);
    }
    return server;
  }
}
