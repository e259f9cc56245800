import type { ListWatchSource, WatchEvent } from "@krm/core";

/** What a watch that goes quiet still sends: nothing, empty lines, or bookmarks. */
export type Silence = "stall" | "hush" | "mute";

/** A source whose open watches can go quiet, with their connections open. */
export class Silencing implements ListWatchSource {
  readonly #inner: ListWatchSource;
  readonly #open = new Map<symbol, Silence | undefined>();

  constructor(inner: ListWatchSource) {
    this.#inner = inner;
  }

  /** Every watch that is open now goes quiet; those to come do not. */
  silence(how: Silence): void {
    for (const watch of this.#open.keys()) this.#open.set(watch, how);
  }

  readonly listWatch: ListWatchSource["listWatch"] = (scope) => {
    const inner = this.#inner.listWatch(scope);
    return { ...inner, watch: async (request, options) => this.#read(await inner.watch(request, options)) };
  };

  async *#read(watch: AsyncIterable<readonly WatchEvent[]>): AsyncGenerator<readonly WatchEvent[]> {
    const id = Symbol("watch");
    this.#open.set(id, undefined);
    try {
      for await (const batch of watch) {
        const how = this.#open.get(id);
        if (how === undefined) yield batch;
        else if (how === "hush") yield [];
        else if (how === "mute") yield batch.filter(({ type }) => type === "BOOKMARK");
      }
    } finally {
      this.#open.delete(id);
    }
  }
}
