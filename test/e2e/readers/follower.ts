import { setTimeout as sleep } from "node:timers/promises";
import { differingKeys } from "../../support/served-view.ts";

interface KubernetesObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion: string };
}

/**
 * Lists a resource once and then follows watches, as an informer does: when one ends, it goes on from where it was; where
 * the server cannot, it lists anew. What it does not get is not found by anything else.
 */
export class Follower implements AsyncDisposable {
  readonly #url: string;
  readonly #token: string;
  readonly #objects = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #version: string | undefined;
  /** How often it had to list. */
  lists = 0;
  /** How often a watch was opened. */
  watches = 0;
  /** What a server answered that no watch should be answered. */
  readonly errors: string[] = [];

  /** `url`: that of the collection, such as `https://…/api/v1/pods`. */
  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
    this.#running = this.#run();
  }

  /** The keys at which it does not show what this view does: key → bytes. Versions are compared. */
  differences(truth: ReadonlyMap<string, string>): readonly string[] {
    const versions = [...truth].map(([key, bytes]) => {
      const { metadata } = JSON.parse(bytes) as KubernetesObject;
      return [key, metadata.resourceVersion] as const;
    });
    return differingKeys(this.#objects, new Map(versions));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        await this.#watch();
      } catch (error) {
        if (error instanceof Refused) this.errors.push(error.message);
      }
      // Anything else is a connection that broke: the next one is opened.
      await sleep(200, undefined, { signal }).catch(() => {});
    }
  }

  async #ask(query: string): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}` };
    const response = await fetch(`${this.#url}${query}`, { headers, signal: this.#stop.signal });
    // 429 and 503 ask to come again.
    if (![200, 410, 429, 503].includes(response.status))
      throw new Refused(`${response.status} ${await response.text()}`);
    if (![200, 410].includes(response.status)) throw new Error(`${response.status}`);
    return response;
  }

  async #list(): Promise<void> {
    this.lists++;
    const body = (await (await this.#ask("")).json()) as {
      readonly items: readonly KubernetesObject[];
      readonly metadata: { readonly resourceVersion: string };
    };
    this.#objects.clear();
    for (const object of body.items) this.#objects.set(keyOf(object), object.metadata.resourceVersion);
    this.#version = body.metadata.resourceVersion;
  }

  async #watch(): Promise<void> {
    this.watches++;
    const response = await this.#ask(`?watch=1&allowWatchBookmarks=true&resourceVersion=${this.#version}`);
    if (response.status === 410) {
      this.#version = undefined;
      return;
    }
    let rest = "";
    for await (const text of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") this.#take(JSON.parse(line) as WatchEvent);
    }
  }

  #take({ type, object }: WatchEvent): void {
    if (type === "ERROR") {
      if (object.code !== 410) throw new Refused(JSON.stringify(object));
      this.#version = undefined;
      throw new Error("gone");
    }
    this.#version = object.metadata.resourceVersion;
    if (type === "BOOKMARK") return;
    if (type === "DELETED") this.#objects.delete(keyOf(object));
    else this.#objects.set(keyOf(object), object.metadata.resourceVersion);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: KubernetesObject & { readonly code?: number };
}

class Refused extends Error {}

function keyOf({ metadata: { name, namespace } }: KubernetesObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
