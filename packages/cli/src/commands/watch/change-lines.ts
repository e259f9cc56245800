import { tablePaint } from "../../output/cell-colour.ts";
import type { Paint } from "../../terminal/paint.ts";
import type { Shown } from "../../terminal/shown-on.ts";
import { Columns } from "../../text/columns.ts";
import { nameLines, tableCells } from "../get/object-lines.ts";
import type { WatchCommandOptions } from "./command.ts";
import type { ShownChange } from "./watched-set.ts";

type LineOptions = Pick<WatchCommandOptions, "output" | "namespace" | "noHeaders">;

/** Writes changes as they come; the first ones of a table under a heading. */
export class ChangeLines {
  readonly #options: LineOptions;
  readonly #paint: Paint;
  readonly #shown: Shown;
  readonly #columns = new Columns();
  #hasHeading: boolean;

  constructor(options: LineOptions, paint: Paint, shown: Shown) {
    this.#options = options;
    this.#paint = paint;
    this.#shown = shown;
    this.#hasHeading = options.noHeaders ?? false;
  }

  /** @param now Epoch milliseconds: what ages are measured against. */
  lines(changes: readonly ShownChange[], now: number): readonly string[] {
    if (changes.length === 0) return [];
    const { namespace, output } = this.#options;
    const objects = changes.map(({ object }) => object);
    switch (output.format) {
      case "json":
        return changes.map((change) => this.#shown(JSON.stringify(change)));
      case "name":
        return changes.map(({ type, object }) => this.#shown(`${type} ${nameLines(listOf([object])).join("")}`));
      case "jsonpath":
        return objects.map((object) => output.template(object, this.#shown));
      case "custom-columns":
        return this.#rows(changes, output.cells(objects));
      case "table":
      case "wide": {
        const look = { now, wide: output.format === "wide", namespaces: namespace === undefined };
        return this.#rows(changes, tableCells(listOf(objects), look));
      }
    }
  }

  #rows(changes: readonly ShownChange[], cells: readonly (readonly string[])[]): readonly string[] {
    const [columns = [], ...rows] = cells;
    const heading = ["EVENT", ...columns];
    const body = rows.map((row, at) => [changes[at]?.type ?? "", ...row]);
    const withHeading = !this.#hasHeading;
    this.#hasHeading = true;
    const paint = tablePaint(this.#paint, heading);
    return this.#columns.lines(withHeading ? [heading, ...body] : body, (cell, column, row) =>
      paint(cell, column, withHeading && row === 0),
    );
  }
}

function listOf(items: readonly ShownChange["object"][]): Parameters<typeof tableCells>[0] {
  const [first] = items;
  return { kind: `${first?.kind ?? ""}List`, apiVersion: first?.apiVersion ?? "", items };
}
