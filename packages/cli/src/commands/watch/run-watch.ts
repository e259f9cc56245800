import type { GroupVersionResource, KrmClientError, WatchResetReason } from "@krm/client";
import { apiVersionOf, DEFAULT_RESOURCES } from "@krm/core";
import { UsageError } from "../../errors/usage-error.ts";
import type { CliIo } from "../../io.ts";
import { openClient } from "../../reading/open-client.ts";
import { hasColours, painter } from "../../terminal/paint.ts";
import { shownOn } from "../../terminal/shown-on.ts";
import { printable } from "../../text/printable.ts";
import { trustNotes } from "../get/trust-notes.ts";
import { wantedBy } from "../get/wanted.ts";
import { ChangeLines } from "./change-lines.ts";
import type { WatchCommandOptions } from "./command.ts";
import { type ShownChange, type WatchedObject, WatchedSet } from "./watched-set.ts";

const BEGAN_ANEW: Readonly<Record<Exclude<WatchResetReason, "start">, string>> = {
  expired: "the server no longer knows what followed",
  interrupted: "the connection broke before all was there",
  silent: "the server says nothing about what followed",
};

/** Watches a resource and prints what becomes of it, until it is asked to end. */
export async function runWatch(
  argument: string,
  nameArgument: string | undefined,
  options: WatchCommandOptions,
  io: CliIo,
): Promise<void> {
  const { name, resource } = watchedBy(argument, nameArgument);
  const { changesOnly = false, namespace, selector } = options;
  const fields = [options.fieldSelector ?? [], name === undefined ? [] : `metadata.name=${name}`].flat();
  const events = openClient(options).watch<WatchedObject>(resource, {
    as: "json",
    namespace,
    labelSelector: selector,
    fieldSelector: fields.join(","),
    signal: io.signal,
    onRetry: (error, delayMs) => note(io, retrying(error, delayMs)),
  });
  const set = new WatchedSet();
  const lines = new ChangeLines(options, painter(hasColours(io.stdout, io.env)), shownOn(io.stdout));
  const print = (changes: readonly ShownChange[]): void => {
    const text = lines.lines(changes, Date.now()).map((line) => `${line}\n`);
    if (text.length > 0) io.stdout.write(text.join(""));
  };
  /** What there is at the beginning is set in columns together. */
  let first: ShownChange[] | undefined = [];
  try {
    for await (const event of events) {
      const changes = set.take(event);
      if (event.type === "reset" && event.reason !== "start") note(io, `began anew: ${BEGAN_ANEW[event.reason]}`);
      if (event.type === "reset" && first !== undefined) first = [];
      if (first === undefined) print(changes);
      else first.push(...changes);
      if (event.type !== "synced") continue;
      if (first !== undefined && !changesOnly) print(first);
      first = undefined;
      for (const each of trustNotes(event.freshness, Date.now())) note(io, each);
    }
  } catch (error) {
    if (!io.signal.aborted) throw error;
  }
}

interface Watched {
  readonly resource: GroupVersionResource;
  readonly name: string | undefined;
}

/** As `krm get` understands it, and as the Kubernetes API names it. @throws UsageError */
function watchedBy(argument: string, name: string | undefined): Watched {
  if (isGroupVersionResource(argument)) return { resource: argument, name };
  const wanted = wantedBy(argument, name);
  const [word, ...group] = wanted.resource.split(".");
  const known = DEFAULT_RESOURCES.find(
    (type) =>
      (type.resource === word || type.shortNames.includes(word ?? "")) &&
      (group.length === 0 || type.group === group.join(".")),
  );
  if (known === undefined) {
    throw new UsageError(
      `${JSON.stringify(argument)} is none of the six resources`,
      "Write any other as group/version/plural, such as apps/v1/statefulsets or v1/configmaps.",
    );
  }
  return { resource: `${apiVersionOf(known)}/${known.resource}`, name: wanted.name };
}

/** `pod/web-1` has a slash too, but no version before it. */
function isGroupVersionResource(text: string): text is GroupVersionResource {
  return /^(?:[^/]+\/)?v[0-9][^/]*\/[^/]+$/u.test(text);
}

function retrying({ code, message }: KrmClientError, delayMs: number): string {
  return `${message} (${code}); again in ${(delayMs / 1000).toFixed(1)} s`;
}

function note(io: CliIo, text: string): void {
  io.stderr.write(`krm: ${printable(text)}\n`);
}
