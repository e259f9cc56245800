import type { Fresh, KrmClient, ListBody, ListFreshness } from "@krm/client";
import { UsageError } from "../../errors/usage-error.ts";
import type { CliIo } from "../../io.ts";
import { openClient } from "../../reading/open-client.ts";
import { structured } from "../../reading/structured.ts";
import type { GetOptions } from "./command.ts";
import { nameLines, tableLines } from "./object-lines.ts";
import { trustNotes } from "./trust-notes.ts";
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
  io.stdout.write(render(answer, name !== undefined, options));
  for (const note of trustNotes(answer.freshness, Date.now())) io.stderr.write(`krm: ${note}\n`);
  if (answer.items.length === 0 && options.output === "table") {
    io.stderr.write(
      `No resources found${options.namespace === undefined ? "" : ` in ${options.namespace} namespace`}.\n`,
    );
  }
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

function render(found: Found, one: boolean, options: GetOptions): string {
  const { kind, apiVersion, metadata, items } = found;
  switch (options.output) {
    case "json":
    case "yaml": {
      // As kubectl: every object says what it is, so that it can be used alone.
      const whole = items.map((item) => ({ apiVersion, kind: kind.replace(/List$/, ""), ...item }));
      return structured(one ? whole[0] : { apiVersion, kind, metadata, items: whole }, options.output);
    }
    case "name":
      return lines(nameLines(found));
    case "table":
    case "wide":
      return items.length === 0
        ? ""
        : lines(
            tableLines(found, {
              now: Date.now(),
              wide: options.output === "wide",
              namespaces: showsNamespaces(one, options),
            }),
          );
    default:
      return options.output satisfies never;
  }
}

/** As kubectl: the column is there unless the namespace was named. */
function showsNamespaces(one: boolean, { namespace, allNamespaces }: GetOptions): boolean {
  return namespace === undefined && (!one || allNamespaces === true);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
