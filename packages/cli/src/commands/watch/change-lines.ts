import { Columns } from "../../text/columns.ts";
import { nameLines, tableCells } from "../get/object-lines.ts";
import type { WatchCommandOptions } from "./command.ts";
import type { ShownChange } from "./watched-set.ts";

/** Writes changes as they come; the first ones of a table under a heading. */
export class ChangeLines {
  readonly #options: Pick<WatchCommandOptions, "output" | "namespace">;
  readonly #columns = new Columns();
  #hasHeading = false;

  constructor(options: Pick<WatchCommandOptions, "output" | "namespace">) {
    this.#options = options;
  }

  /** @param now Epoch milliseconds: what ages are measured against. */
  lines(changes: readonly ShownChange[], now: number): readonly string[] {
    if (changes.length === 0) return [];
    switch (this.#options.output) {
      case "json":
        return changes.map((change) => JSON.stringify(change));
      case "name":
        return changes.map(({ type, object }) => `${type} ${nameLines(listOf([object])).join("")}`);
      case "table":
      case "wide":
        return this.#rows(changes, now);
    }
  }

  #rows(changes: readonly ShownChange[], now: number): readonly string[] {
    const wide = this.#options.output === "wide";
    const look = { now, wide, namespaces: this.#options.namespace === undefined };
    const [heading = [], ...rows] = tableCells(listOf(changes.map(({ object }) => object)), look);
    const body = rows.map((cells, at) => [changes[at]?.type ?? "", ...cells]);
    const lines = this.#columns.lines(this.#hasHeading ? body : [["EVENT", ...heading], ...body]);
    this.#hasHeading = true;
    return lines;
  }
}

function listOf(items: readonly ShownChange["object"][]): Parameters<typeof tableCells>[0] {
  const [first] = items;
  return { kind: `${first?.kind ?? ""}List`, apiVersion: first?.apiVersion ?? "", items };
}
