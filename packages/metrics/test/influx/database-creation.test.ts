import { describe, expect, test } from "vitest";
import { creationOutcome } from "../../src/influx/exchange/database-creation.ts";
import type { Reply } from "../../src/influx/exchange/reply.ts";

function answer(status: number, body = ""): Reply {
  return { type: "answer", status, body, retryAfter: undefined };
}

describe("a reply to CREATE DATABASE means", () => {
  test.each<[string, Reply, object]>([
    ["it is there", answer(200, '{"results":[{"statement_id":0}]}'), { type: "there", confirmed: false }],
    ["it is there: VictoriaMetrics", answer(200, '{"results":[{"series":[]}]}'), { type: "there" }],
    ["it is there, whatever was said", answer(204), { type: "there" }],
    [
      "it was not created",
      answer(200, '{"results":[{"error":"invalid name"}]}'),
      { type: "not-created", words: "invalid name" },
    ],
    [
      "it may not be created",
      answer(403, '{"error":"requires admin privilege"}'),
      { type: "not-created", words: "requires admin privilege" },
    ],
    ["nobody knows who asks", answer(401, '{"error":"authorization failed"}'), { type: "not-created" }],
    [
      "no statements are taken",
      answer(404, "404 page not found"),
      { type: "not-created", words: "404 page not found" },
    ],
    ["no statements are taken, without a word", answer(405), { type: "not-created", words: "answered 405" }],
    ["the server is overloaded", answer(503), { type: "retry" }],
    ["the server is away", { type: "no-answer", code: "ECONNREFUSED", words: "" }, { type: "unreachable" }],
    ["the server hangs", { type: "timeout", ms: 3 }, { type: "unreachable" }],
    ["it was broken off", { type: "aborted" }, { type: "aborted" }],
  ])("%s", (_, reply, expected) => {
    expect(creationOutcome(reply, 0)).toMatchObject(expected);
  });
});
