import { type ErrorBody, isErrorBody, LAST_CONTACT_ANNOTATION } from "@krm/protocol";
import { parseJson } from "../http-get.ts";
import { UnreadableLine } from "./line-splitter.ts";

/** One line of a watch, read. */
export type WatchFrame =
  | { readonly type: "added" | "modified" | "deleted"; readonly object: object; readonly resourceVersion: string }
  | {
      readonly type: "bookmark";
      readonly resourceVersion: string;
      readonly endsInitial: boolean;
      /** When the view last heard from its source, where that is told. */
      readonly lastContact: Date | undefined;
    }
  | { readonly type: "error"; readonly status: ErrorBody };

/** The annotation of the bookmark that follows the initial events. Upstream `InitialEventsAnnotationKey`. */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

const CHANGES = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;

interface Line {
  readonly type?: unknown;
  readonly object?: {
    readonly metadata?: {
      readonly resourceVersion?: unknown;
      readonly annotations?: Readonly<Record<string, unknown>>;
    };
  } | null;
}

/** Reads a line. @throws UnreadableLine */
export function parseFrame(line: string): WatchFrame {
  const frame = parseJson(line) as Line | null | undefined;
  if (frame === undefined) throw new UnreadableLine("a line is no JSON");
  const { type, object } = frame ?? {};
  if (type === "ERROR" && isErrorBody(object)) return { type: "error", status: object };
  const resourceVersion = object?.metadata?.resourceVersion;
  if (typeof object === "object" && object !== null && typeof resourceVersion === "string") {
    if (type === "ADDED" || type === "MODIFIED" || type === "DELETED")
      return { type: CHANGES[type], object, resourceVersion };
    if (type === "BOOKMARK")
      return {
        type: "bookmark",
        resourceVersion,
        endsInitial: object.metadata?.annotations?.[INITIAL_EVENTS_END] === "true",
        lastContact: time(object.metadata?.annotations?.[LAST_CONTACT_ANNOTATION]),
      };
  }
  throw new UnreadableLine(`a line is no event: its type is ${JSON.stringify(type)?.slice(0, 40)}`);
}

function time(text: unknown): Date | undefined {
  const date = typeof text === "string" ? new Date(text) : undefined;
  return Number.isNaN(date?.getTime()) ? undefined : date;
}
