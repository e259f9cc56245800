import { describe, expect, test } from "vitest";
import { classifyFailure, type Outcome } from "../../src/influx/exchange/classify-failure.ts";
import type { Reply } from "../../src/influx/exchange/reply.ts";

const NOW = Date.UTC(2026, 10, 26, 12, 0, 0);

function answer(status: number, body: unknown = "", retryAfter?: string): Reply {
  return { type: "answer", status, body: typeof body === "string" ? body : JSON.stringify(body), retryAfter };
}

/** What the table says of an outcome: its type and the parts that matter. */
function told(outcome: Outcome): unknown {
  switch (outcome.type) {
    case "partly-written":
      return [outcome.type, ...outcome.refusals.map(({ reason, lines, culprit }) => [reason, lines, culprit])];
    case "divide":
      return [outcome.type, outcome.reason];
    case "blocked":
      return [outcome.type, outcome.reason];
    case "retry":
      return [outcome.type, outcome.retryAfterMs];
    case "unreachable":
      return [outcome.type, outcome.code];
    default:
      return [outcome.type];
  }
}

const CONFLICT = 'field type conflict: input field "v" on measurement "m" is type string, already exists as type float';
const BOTH = ["partly-written", ["field-type-conflict", 3, "field v of measurement m"]];
const NO_ROUTE = "remoteAddr: 1; unsupported path requested";

const TABLE: readonly (readonly [what: string, reply: Reply, expected: unknown])[] = [
  ["204", answer(204), ["written"]],
  ["201 without words", answer(201), ["written"]],
  ["200, as no InfluxDB answers", answer(200, "<html>Welcome</html>"), ["blocked", "unexpected"]],
  ["a redirect", answer(302), ["blocked", "unexpected"]],
  ["hinted handoff", answer(500, { error: "write failed: hinted handoff queue not empty" }), ["written"]],

  ["1.x, a conflict", answer(400, { error: `partial write: ${CONFLICT} dropped=3` }), BOTH],
  ["1.8 and later, a conflict", answer(400, { error: `partial write: ${CONFLICT} dropped=3 for database: d` }), BOTH],
  [
    "2.x, a conflict",
    answer(422, {
      code: "unprocessable entity",
      message: `failure writing points to database: partial write: ${CONFLICT} dropped=3`,
    }),
    BOTH,
  ],
  [
    "a conflict, the body cut",
    answer(400, `{"error":"partial write: ${CONFLICT.replaceAll('"', '\\"')}`),
    ["partly-written", ["field-type-conflict", 1, expect.any(String)]],
  ],
  [
    "1.x, a conflict within the first batch",
    answer(400, { error: "field type conflict" }),
    ["divide", "field-type-conflict"],
  ],
  [
    "names with quotes",
    answer(400, {
      error: String.raw`partial write: field type conflict: input field "a\"b" on measurement "m n" is type string, already exists as type float dropped=1`,
    }),
    ["partly-written", ["field-type-conflict", 1, String.raw`field a\"b of measurement m n`]],
  ],
  [
    "3.x, line by line",
    answer(400, {
      error: "partial write of line protocol occurred",
      data: [
        {
          original_line: "a",
          line_number: 1,
          error_message: "invalid column type for column 'v', expected float, got string",
        },
        { original_line: "b", line_number: 2, error_message: "No fields were provided" },
        {
          original_line: "c",
          line_number: 7,
          error_message: "invalid column type for column 'v', expected float, got string",
        },
      ],
    }),
    ["partly-written", ["field-type-conflict", 2, "field v"], ["unparseable", 1, "unparseable"]],
  ],
  [
    "3.x, a limit",
    answer(422, {
      error: "partial write of line protocol occurred",
      data: [{ error_message: "Update to schema would exceed number of columns" }],
    }),
    ["partly-written", ["limit", 1, "limit"]],
  ],
  [
    "Cloud Serverless of old",
    answer(201, "partial write: bad points dropped=2"),
    ["partly-written", ["other", 2, "partial write: bad points dropped=N"]],
  ],
  [
    "1.x, too old",
    answer(400, { error: "partial write: points beyond retention policy dropped=2" }),
    ["partly-written", ["beyond-retention", 2, "beyond-retention"]],
  ],
  [
    "2.7 and 1.12, too old",
    answer(422, {
      message:
        "failure writing points to database: partial write: dropped 350 points outside retention policy of duration 72h0m0s - oldest point m,a=b at 2026-01-01T00:00:00Z dropped because it violates a Retention Policy Lower Bound at 2026-11-23T00:00:00Z dropped=350 for database: d",
    }),
    ["partly-written", ["beyond-retention", 350, "beyond-retention"]],
  ],
  [
    "1.x, a limit",
    answer(400, {
      error:
        'partial write: max-values-per-tag limit exceeded (100000/100000): measurement="m" tag="pod" value="x" dropped=4',
    }),
    ["partly-written", ["limit", 4, "limit"]],
  ],
  [
    "1.x, a name that it keeps for itself",
    answer(400, {
      error: 'partial write: invalid field name: input field "time" on measurement "m" is invalid dropped=1',
    }),
    ["partly-written", ["other", 1, "field time of measurement m"]],
  ],
  [
    "1.x, some lines that are none",
    answer(400, {
      error:
        "partial write: unable to parse 'bad': missing fields\nunable to parse 'm v=1i2 3': invalid number dropped=0",
    }),
    ["partly-written", ["unparseable", 2, "unparseable"]],
  ],
  [
    "2.x, a field that was only stripped",
    answer(422, {
      message:
        'partial write: invalid field name: input field "time" on measurement "m" is invalid. Field "time" has been stripped from point. dropped=0 for database: d',
    }),
    ["partly-written", ["other", 0, "field time of measurement m"]],
  ],

  ["1.x, no line at all", answer(400, { error: "unable to parse 'bad': missing fields" }), ["divide", "unparseable"]],
  [
    "2.x, some lines that are none",
    answer(400, { code: "invalid", message: "unable to parse 'bad': missing fields" }),
    ["divide", "unparseable"],
  ],
  [
    "3.x, where partial writes are off",
    answer(400, { error: "parsing failed for write_lp endpoint", data: { error_message: "x", line_number: 1 } }),
    ["divide", "unparseable"],
  ],
  ["3.x, a parsing error", answer(400, { error: "line protocol parsing error" }), ["divide", "unparseable"]],

  ["400 that blames no line", answer(400, { error: "database is required" }), ["blocked", "unexpected"]],
  ["400 of something else", answer(400, NO_ROUTE), ["blocked", "unexpected"]],
  ["401", answer(401, { error: "authorization failed" }), ["blocked", "unauthorized"]],
  ["403", answer(403, { error: '"u" user is not authorized to write to database "krm"' }), ["blocked", "forbidden"]],
  ["1.x, no database", answer(404, { error: 'database not found: "krm"' }), ["blocked", "not-found"]],
  ["2.x, no bucket", answer(404, { code: "not found", message: 'bucket "b" not found' }), ["blocked", "not-found"]],
  [
    "2.x, no organization",
    answer(404, { code: "not found", message: 'organization name "o" not found' }),
    ["blocked", "not-found"],
  ],
  ["1.x, no retention policy", answer(500, { error: "retention policy not found: nope" }), ["blocked", "not-found"]],
  ["404 of something else", answer(404, "404 page not found\n"), ["blocked", "unexpected"]],
  ["405", answer(405), ["blocked", "unexpected"]],
  ["413", answer(413, { error: "Request Entity Too Large" }), ["too-large"]],

  ["408", answer(408), ["retry", undefined]],
  ["429, in seconds", answer(429, "", "7"), ["retry", 7000]],
  ["429, a date", answer(429, "", new Date(NOW + 90_000).toUTCString()), ["retry", 90_000]],
  ["503, a date that is over", answer(503, "", new Date(NOW - 90_000).toUTCString()), ["retry", 0]],
  ["503, what is no time", answer(503, "", "soon"), ["retry", undefined]],
  ["500", answer(500, { error: "timeout" }), ["retry", undefined]],
  ["502, a page", answer(502, "<html>Bad Gateway</html>"), ["retry", undefined]],

  [
    "refused",
    { type: "no-answer", code: "ECONNREFUSED", words: "connect ECONNREFUSED" },
    ["unreachable", "ECONNREFUSED"],
  ],
  ["late", { type: "timeout", ms: 10_000 }, ["unreachable", "ETIMEDOUT"]],
  ["broken off", { type: "aborted" }, ["aborted"]],
];

describe("a reply to a write means", () => {
  test.each(TABLE)("%s", (_, reply, expected) => {
    expect(told(classifyFailure(reply, NOW))).toEqual(expected);
  });

  test("words that fit into a log", () => {
    const outcome = classifyFailure(answer(500, `a\n\n  b${"x".repeat(10_000)}`), NOW);
    expect(outcome).toMatchObject({ type: "retry", words: expect.stringMatching(/^a bx{297}…$/) });
  });
});
