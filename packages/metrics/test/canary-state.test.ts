import { parseResourceVersion } from "@krm/core";
import { describe, expect, it } from "vitest";
import { type CanaryInput, type CanaryOutcome, IDLE_CANARY, stepCanary } from "../src/canary/canary-state.ts";

const at = parseResourceVersion;

function written(version: string, sentAt = 0): CanaryInput {
  const write = { version: at(version), created: false, previous: undefined };
  return { type: "written", write: { ...write, sentAt, answeredAt: sentAt + 5, writtenAt: 1000 + sentAt } };
}

const writing = (sentAt = 0): CanaryInput => ({ type: "writing", at: sentAt });
const seen = (version: string, seenAt = 10, live = true): CanaryInput => ({
  type: "seen",
  version: at(version),
  at: seenAt,
  live,
});
const passed = (version: string): CanaryInput => ({ type: "passed", through: at(version) });
const gap: CanaryInput = { type: "gap" };
const tick = (now: number): CanaryInput => ({ type: "tick", at: now, overdueAfterMs: 30 });

function outcomes(...inputs: readonly CanaryInput[]): readonly string[] {
  let state = IDLE_CANARY;
  const all: CanaryOutcome[] = [];
  for (const input of inputs) {
    const next = stepCanary(state, input);
    ({ state } = next);
    all.push(...next.outcomes);
  }
  return all.map((each) => `${each.type} ${each.write.version}${each.type === "delay" ? ` at ${each.seenAt}` : ""}`);
}

describe("a write of the canary", () => {
  it.for<[string, readonly CanaryInput[], readonly string[]]>([
    ["is seen", [writing(), written("7"), seen("7")], ["delay 7 at 10"]],
    ["is seen before its answer comes", [writing(), seen("7", 3), written("7")], ["delay 7 at 3"]],
    [
      "is seen and passed before its answer comes",
      [writing(), seen("7", 3), passed("9"), written("7")],
      ["delay 7 at 3"],
    ],
    ["is passed", [writing(), written("7"), passed("6"), passed("7")], ["lost 7"]],
    ["is passed before its answer comes", [writing(), passed("8"), written("7")], ["lost 7"]],
    [
      "was passed by an older write's stream only",
      [writing(), passed("6"), written("7"), seen("7")],
      ["delay 7 at 10"],
    ],
    ["is followed by a later one of the same object", [writing(), written("7"), seen("9")], ["lost 7"]],
    ["is followed by a later one before its answer comes", [writing(), seen("9"), written("7")], ["lost 7"]],
    ["is shown by a list", [writing(), written("7"), seen("7", 10, false), passed("8")], ["unknown 7"]],
    ["is covered by a list", [writing(), written("7"), seen("9", 10, false)], ["unknown 7"]],
    ["falls into a gap", [writing(), written("7"), gap, passed("9")], ["unknown 7"]],
    ["falls into a gap before its answer comes", [writing(), gap, passed("9"), written("7")], ["unknown 7"]],
    ["is seen behind a gap", [writing(), gap, seen("7", 4), written("7")], ["delay 7 at 4"]],
    ["is not made", [writing(), { type: "not-written" }, passed("9")], []],
    [
      "is overdue once, and seen later",
      [writing(), written("7"), tick(29), tick(30), tick(60), seen("7", 70)],
      ["overdue 7", "delay 7 at 70"],
    ],
    [
      "waits with others",
      [writing(), written("7"), writing(20), written("9", 20), seen("7", 25), tick(40), passed("9")],
      ["delay 7 at 25", "lost 9"],
    ],
  ])("that %s", ([, inputs, expected]) => {
    expect(outcomes(...inputs)).toEqual(expected);
  });
});
