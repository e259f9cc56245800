import type { Fresh, KrmClient, ListBody, ListFreshness } from "@krm/client";
import { UsageError } from "../../errors/usage-error.ts";
import type { CliIo } from "../../io.ts";
import { tablePaint } from "../../output/cell-colour.ts";
import { leadsSomewhere, sortedBy } from "../../output/sort-by.ts";
import { openClient } from "../../reading/open-client.ts";
import { structured } from "../../reading/structured.ts";
import { hasColours, isTerminal, painter } from "../../terminal/paint.ts";
import { shownOn } from "../../terminal/shown-on.ts";
import { Columns } from "../../text/columns.ts";
import { printable } from "../../text/printable.ts";
import type { GetOptions } from "./command.ts";
import { listCells, nameLines } from "./object-lines.ts";
import { trustLine, trustNotes } from "./trust-notes.ts";
import { wantedBy } from "./wanted.ts";

/** Reads a resource and prints it. */
export async function runGet(
  argument: string,
  nameArgument: string | undefined,
  options: GetOptions,
  io: CliIo,
): Promise<void> {
  const { resource, name } = wantedBy(argument, nameArgument);
  if (name !== undefined && (options.selector ?? options.fieldSelector) !== undefined) {
    throw new UsageError("a name and a selector exclude each other", "Leave one of them out.");
  }
  if (name !== undefined && options.accessible === true) {
    throw new UsageError("a name and --accessible exclude each other", "Leave one of them out, or name the namespace.");
  }
  const answer = await ask(openClient(options), resource, name, options, io.signal);
  const { sortBy } = options;
  const found = sortBy === undefined ? answer : { ...answer, items: sortedBy(answer.items, sortBy) };
  if (sortBy !== undefined && !leadsSomewhere(answer.items, sortBy))
    io.stderr.write("krm: --sort-by leads nowhere in any of them: they stand as they came\n");
  io.stdout.write(render(found, name !== undefined, options, io));
  tellTrust(found, options, io);
}

/** What is not as fresh as it could be is always told; how fresh it is, to people. */
function tellTrust({ freshness, items }: Found, { namespace, output: { format } }: GetOptions, io: CliIo): void {
  const notes = trustNotes(freshness, Date.now());
  for (const note of notes) io.stderr.write(`krm: ${printable(note)}\n`);
  if (items.length === 0 && ["table", "wide", "custom-columns"].includes(format))
    io.stderr.write(`No resources found${namespace === undefined ? "" : ` in ${namespace} namespace`}.\n`);
  if (notes.length > 0 || !["table", "wide"].includes(format)) return;
  if (!isTerminal(io.stdout, io.env) || !isTerminal(io.stderr, io.env)) return;
  const paint = painter(hasColours(io.stderr, io.env));
  io.stderr.write(`${paint("dim", trustLine(freshness, items.length, Date.now()))}\n`);
}

interface Found {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: ListBody["metadata"];
  readonly items: readonly object[];
  readonly freshness: ListFreshness;
}

async function ask(
  client: KrmClient,
  resource: string,
  name: string | undefined,
  options: GetOptions,
  signal: AbortSignal,
): Promise<Found> {
  const { namespace } = options;
  if (name === undefined) {
    const { selector: labelSelector, fieldSelector } = options;
    const scope = options.accessible === true ? "accessible" : undefined;
    return client.list<object>(resource, { namespace, labelSelector, fieldSelector, scope, signal }) satisfies Promise<
      Fresh<ListBody<object>>
    >;
  }
  const { object, freshness } = await client.get<{ readonly kind: string; readonly apiVersion: string }>(resource, {
    name,
    namespace,
    signal,
  });
  const { kind, apiVersion } = object;
  const metadata = { resourceVersion: freshness.resourceVersion };
  return { kind: `${kind}List`, apiVersion, metadata, items: [object], freshness };
}

function render(found: Found, one: boolean, options: GetOptions, io: CliIo): string {
  const { kind, apiVersion, metadata, items } = found;
  const { output } = options;
  const shown = shownOn(io.stdout);
  /** As kubectl: every object says what it is, so that it can be used alone. */
  const whole = (): object => {
    const each = items.map((item) => ({ apiVersion, kind: kind.replace(/List$/, ""), ...item }));
    return one ? (each[0] ?? {}) : { apiVersion, kind, metadata, items: each };
  };
  switch (output.format) {
    case "json":
    case "yaml":
      return shown(structured(whole(), output.format));
    case "name":
      return shown(lines(nameLines(found)));
    case "jsonpath":
      return output.template(whole(), shown);
    case "custom-columns":
      return items.length === 0 ? "" : table(output.cells(items), options, io);
    case "table":
    case "wide": {
      if (items.length === 0) return "";
      const wide = output.format === "wide";
      const namespaces = showsNamespaces(one, options);
      const look = { now: Date.now(), wide, namespaces, labels: options.showLabels };
      return table(listCells(found, look), options, io);
    }
    default:
      return output satisfies never;
  }
}

/** As kubectl: the column is there unless the namespace was named. */
function showsNamespaces(one: boolean, { namespace, allNamespaces }: GetOptions): boolean {
  return namespace === undefined && (!one || allNamespaces === true);
}

function table(cells: readonly (readonly string[])[], { noHeaders = false }: GetOptions, io: CliIo): string {
  const [heading = [], ...rows] = cells;
  const paint = tablePaint(painter(hasColours(io.stdout, io.env)), heading);
  const shown = noHeaders ? rows : cells;
  return lines(new Columns().lines(shown, (cell, column, row) => paint(cell, column, row === 0 && !noHeaders)));
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
