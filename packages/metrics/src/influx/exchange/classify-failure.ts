import type { Refusal, RefusalReason } from "./refusal.ts";
import type { Reply } from "./reply.ts";
import { type ServerWords, serverWords, shortened } from "./server-words.ts";

/** What a person has to mend before anything is taken. */
export type BlockedReason = "unauthorized" | "forbidden" | "not-found" | "unexpected";

/** What the reply to a write means for its lines, and for what to do next. */
export type Outcome =
  /** All of them are in the database. */
  | { readonly type: "written" }
  /** All but these are; trying again would not help those. */
  | { readonly type: "partly-written"; readonly refusals: readonly Refusal[] }
  /** None is, because of some of them. A part of the lines may go. */
  | { readonly type: "divide"; readonly reason: RefusalReason; readonly words: string }
  /** None is, because together they are too much for one request. */
  | { readonly type: "too-large"; readonly words: string }
  /** None is, and none will be until someone else mends something. */
  | { readonly type: "blocked"; readonly reason: BlockedReason; readonly status: number; readonly words: string }
  /** Perhaps they are, perhaps not: send them again. */
  | {
      readonly type: "retry";
      readonly retryAfterMs: number | undefined;
      readonly status: number;
      readonly words: string;
    }
  /** As `retry`, without an answer. */
  | { readonly type: "unreachable"; readonly code: string; readonly words: string }
  /** Broken off by the caller. */
  | { readonly type: "aborted" };

/** Texts of a 400 or 422 after which the good lines are in the database. */
const PARTIAL = /partial write/i;
/**
 * Texts of a 400 or 422 that blame some line, while no line was written. The bare "field type conflict" is what 1.x says
 * when the conflict lies within the batch that brings the field in; sent again, the good lines go in.
 */
const LINES_AT_FAULT =
  /unable to parse|pars(?:e|ing) (?:error|failed)|line protocol|write_lp|invalid (?:line|field|tag|number|boolean|column type)|missing (?:fields|measurement|tag)|bad timestamp|field type conflict|conflicts? with (?:existing )?schema|max key length/i;

/**
 * Says what a reply to a write means. Texts are those of InfluxDB 1.6 to 1.12, 2.x, 3.x and VictoriaMetrics. An answer
 * that does not clearly blame the lines never costs one: it counts as `blocked` or `retry`.
 *
 * @param now epoch milliseconds, for a `Retry-After` that is a date
 */
export function classifyFailure(reply: Reply, now: number): Outcome {
  switch (reply.type) {
    case "answer":
      return classifyAnswer(reply, now);
    case "no-answer":
      return { type: "unreachable", code: reply.code, words: shortened(reply.words) };
    case "timeout":
      return { type: "unreachable", code: "ETIMEDOUT", words: `no whole answer within ${reply.ms} ms` };
    case "aborted":
      return { type: "aborted" };
    default:
      return reply satisfies never;
  }
}

function classifyAnswer({ status, body, retryAfter }: Reply & { readonly type: "answer" }, now: number): Outcome {
  const said = serverWords(body);
  const words = shortened(said.text);
  const blocked = (reason: BlockedReason): Outcome => ({ type: "blocked", reason, status, words });
  const retry: Outcome = { type: "retry", retryAfterMs: retryAfterMs(retryAfter, now), status, words };
  // InfluxDB Enterprise: a node that is away will be told later.
  if (status === 204 || /hinted handoff queue not empty/i.test(said.text)) return { type: "written" };
  switch (status) {
    case 201:
      // Cloud Serverless said so of a write of which some lines failed.
      return PARTIAL.test(said.text) || said.lines.length > 0 ? partly(said) : { type: "written" };
    case 400:
    case 422:
      if (PARTIAL.test(said.text)) return partly(said);
      return LINES_AT_FAULT.test(said.text)
        ? { type: "divide", reason: reasonOf(said.text, "unparseable"), words }
        : blocked("unexpected");
    case 401:
      return blocked("unauthorized");
    case 403:
      return blocked("forbidden");
    case 404:
      return blocked(
        /not found: "|(?:database|bucket|organization|org)\b.*not found/i.test(said.text) ? "not-found" : "unexpected",
      );
    case 408:
    case 425:
    case 429:
      return retry;
    case 413:
      return { type: "too-large", words };
    default:
      // 1.x says so with a 500, of what no repetition creates.
      if (status >= 500) return /retention policy not found/i.test(said.text) ? blocked("not-found") : retry;
      return blocked("unexpected");
  }
}

function partly({ text, lines }: ServerWords): Outcome {
  if (lines.length > 0) {
    const byCulprit = new Map<string, Refusal>();
    for (const { message } of lines) {
      const refusal = refusalOf(message === "" ? text : message, 1);
      const { lines = 0 } = byCulprit.get(refusal.culprit) ?? {};
      byCulprit.set(refusal.culprit, { ...refusal, lines: lines + 1 });
    }
    return { type: "partly-written", refusals: [...byCulprit.values()] };
  }
  return { type: "partly-written", refusals: [refusalOf(text, refusedCount(text))] };
}

/** `dropped=0` stands beside lines that could not be parsed: those are named one by one. */
function refusedCount(text: string): number {
  const unparsed = text.match(/unable to parse '/g)?.length ?? 0;
  const dropped = /\bdropped=(\d+)/.exec(text)?.[1];
  return dropped === undefined ? Math.max(unparsed, 1) : Math.max(unparsed, Number(dropped));
}

function refusalOf(text: string, lines: number): Refusal {
  const reason = reasonOf(text, "other");
  return { reason, lines, culprit: culpritOf(text, reason), words: shortened(text) };
}

function reasonOf(text: string, otherwise: RefusalReason): RefusalReason {
  if (/field type conflict|invalid column type/i.test(text)) return "field-type-conflict";
  if (/beyond retention|outside (?:the )?retention|outside write window/i.test(text)) return "beyond-retention";
  if (/unable to parse|pars(?:e|ing) (?:error|failed)|no fields/i.test(text)) return "unparseable";
  if (/exceed/i.test(text)) return "limit";
  return otherwise;
}

const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;
const FIELD_OF_MEASUREMENT = new RegExp(`input (field|tag) ${QUOTED} on measurement ${QUOTED}`);

function culpritOf(text: string, reason: RefusalReason): string {
  const named = FIELD_OF_MEASUREMENT.exec(text);
  if (named !== null) return `${named[1]} ${named[2]} of measurement ${named[3]}`;
  const column = /invalid column type for column '([^']*)'/.exec(text)?.[1];
  if (column !== undefined) return `field ${column}`;
  // Texts that differ each time, and mean the same.
  return reason === "other" ? shortened(text).replaceAll(/\d+/g, "N") : reason;
}

/** Seconds, or a date; undefined where it is neither. */
function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
