import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";

/** Requests of one kind, and what was answered. */
export interface Counted {
  /** `watch`, `get`, `list`, or `list-metadata` for a list without bodies; `path` for what is no resource. */
  readonly verb: string;
  /** The plural, or the path. */
  readonly resource: string;
  readonly count: number;
  /** Of answers' bodies, so far. */
  readonly bytes: number;
}

/**
 * Counts the requests of every server in this process, and the bytes of their answers, without compression: a client that
 * asks for none, because it is on the same machine, must not look dearer.
 */
export class CountedRequests {
  #counts = new Map<string, { verb: string; resource: string; count: number; bytes: number }>();

  constructor() {
    subscribe("http.server.request.start", (message) => {
      const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
      this.#begin(request, response);
    });
  }

  entries(): Counted[] {
    return [...this.#counts.values()].map((each) => ({ ...each }));
  }

  reset(): void {
    this.#counts = new Map();
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    delete request.headers["accept-encoding"];
    const asked = whatIs(request);
    this.#add(asked, 1, 0);
    const write = response.write.bind(response) as (...args: unknown[]) => boolean;
    const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
    // A watch that is open while the counters start again goes on in the new ones.
    response.write = ((chunk: unknown, ...rest: unknown[]) => {
      this.#add(asked, 0, sizeOf(chunk));
      return write(chunk, ...rest);
    }) as ServerResponse["write"];
    response.end = ((chunk: unknown, ...rest: unknown[]) => {
      this.#add(asked, 0, sizeOf(chunk));
      return end(chunk, ...rest);
    }) as ServerResponse["end"];
  }

  #add({ verb, resource }: { verb: string; resource: string }, count: number, bytes: number): void {
    const id = `${verb} ${resource}`;
    const entry = this.#counts.get(id) ?? { verb, resource, count: 0, bytes: 0 };
    this.#counts.set(id, entry);
    entry.count += count;
    entry.bytes += bytes;
  }
}

function whatIs({ url = "/", headers }: IncomingMessage): { verb: string; resource: string } {
  const [path = "/", search = ""] = url.split("?");
  const [, rest] = /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/(?:namespaces\/[^/]+\/(?=.))?(.+)$/.exec(path) ?? [];
  if (rest === undefined) return { verb: "path", resource: path };
  const [resource = "", name] = rest.split("/");
  const watch = new URLSearchParams(search).get("watch");
  if (watch === "true" || watch === "1") return { verb: "watch", resource };
  if (name !== undefined) return { verb: "get", resource };
  const bare = headers.accept?.includes("PartialObjectMetadataList") === true;
  return { verb: bare ? "list-metadata" : "list", resource };
}

function sizeOf(chunk: unknown): number {
  if (typeof chunk === "string") return Buffer.byteLength(chunk);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
