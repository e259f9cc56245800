import { parseResourceVersion, type Shown, type Uid } from "@krm/core";
import { describe, expect, it } from "vitest";
import {
  type CanaryInput,
  type CanaryOutcome,
  type CanaryState,
  IDLE_CANARY,
  MOST_PENDING,
  stepCanary,
} from "../src/canary/canary-state.ts";

const at = parseResourceVersion;
const uid = "u1" as Uid;

function written(version: string, sentAt = 0): CanaryInput {
  const write = { uid, version: at(version), created: false };
  return { type: "written", write: { ...write, sentAt, answeredAt: sentAt + 5, writtenAt: 1000 + sentAt } };
}

const writing: CanaryInput = { type: "writing" };
const seen = (version: string, seenAt = 10, live = true): CanaryInput => ({
  type: "seen",
  seen: { uid, version: at(version), at: seenAt, readAt: 1000 + seenAt, live },
});
const removed = (version: string, live = true): CanaryInput => ({
  type: "seen",
  seen: { uid: undefined, version: at(version), at: 10, readAt: 1010, live },
});
const passed = (version: string): CanaryInput => ({ type: "passed", through: at(version) });
const begun = (through: string, version?: string): CanaryInput => ({
  type: "begun",
  through: at(through),
  shown: version === undefined ? undefined : { uid, resourceVersion: at(version) },
});
const gap: CanaryInput = { type: "gap" };
const tick = (now: number): CanaryInput => ({ type: "tick", at: now, overdueAfterMs: 30 });

/** All that came of these inputs, and what it is like then. */
function run(...inputs: readonly CanaryInput[]): {
  readonly state: CanaryState;
  readonly all: readonly CanaryOutcome[];
} {
  let state = IDLE_CANARY;
  const all: CanaryOutcome[] = [];
  for (const input of inputs) {
    const next = stepCanary(state, input);
    ({ state } = next);
    all.push(...next.outcomes);
  }
  return { state, all };
}

function lineOf(outcome: CanaryOutcome): string {
  switch (outcome.type) {
    case "delay":
      return `delay ${outcome.write.version} at ${outcome.seen.at}`;
    case "heard":
      return `heard since ${outcome.silentSince}`;
    default:
      return `${outcome.type} ${outcome.write.version}`;
  }
}

function outcomes(...inputs: readonly CanaryInput[]): readonly string[] {
  return run(...inputs).all.map(lineOf);
}

describe("a write of the canary", () => {
  it.for<[string, readonly CanaryInput[], readonly string[]]>([
    ["is seen", [writing, written("7"), seen("7")], ["delay 7 at 10"]],
    ["is seen before its answer comes", [writing, seen("7", 3), written("7")], ["delay 7 at 3"]],
    [
      "is seen and passed before its answer comes",
      [writing, seen("7", 3), passed("9"), written("7")],
      ["delay 7 at 3"],
    ],
    ["is passed", [writing, written("7"), passed("6"), passed("7")], ["lost 7"]],
    ["is passed before its answer comes", [writing, passed("8"), written("7")], ["lost 7"]],
    ["was passed by an older write's stream only", [writing, passed("6"), written("7"), seen("7")], ["delay 7 at 10"]],
    ["is followed by a later one of the same object", [writing, written("7"), seen("9")], ["lost 7"]],
    ["is followed by a later one before its answer comes", [writing, seen("9"), written("7")], ["lost 7"]],
    ["is shown by a list", [writing, written("7"), seen("7", 10, false), passed("8")], ["unknown 7"]],
    ["is covered by a list", [writing, written("7"), seen("9", 10, false)], ["unknown 7"]],
    ["falls into a gap", [writing, written("7"), gap, passed("9")], ["unknown 7"]],
    ["falls into a gap before its answer comes", [writing, gap, passed("9"), written("7")], ["unknown 7"]],
    ["is seen behind a gap", [writing, gap, seen("7", 4), written("7")], ["delay 7 at 4"]],
    ["is not made", [writing, { type: "not-written" }, passed("9")], []],
    [
      "is overdue once, and seen later",
      [writing, written("7"), tick(29), tick(30), tick(60), seen("7", 70)],
      ["overdue 7", "silent 7", "delay 7 at 70", "heard since 0"],
    ],
    [
      "waits with others",
      [writing, written("7"), writing, written("9", 20), seen("7", 25), tick(40), passed("9")],
      ["delay 7 at 25", "lost 9"],
    ],
    ["is followed by the object's end", [writing, written("7"), removed("9")], ["lost 7"]],
    ["a list shows nothing of", [writing, written("7"), removed("6", false), passed("9")], ["unknown 7"]],
    ["was seen before a gap", [writing, seen("7", 3), gap, written("7")], ["delay 7 at 3"]],
    ["was sent before the feed was begun anew", [writing, begun("9", "7"), written("7")], ["unknown 7"]],
  ])("that %s", ([, inputs, expected]) => {
    expect(outcomes(...inputs)).toEqual(expected);
  });
});

describe("a write that the stream was past before it was sent", () => {
  const told = (version: string): readonly CanaryInput[] => [writing, written(version), seen(version)];
  /** Two writes prove it, and the streamer starts over. */
  const restored = [passed("1000"), writing, written("901"), writing, written("902"), gap, begun("902", "902")];

  it.for<[string, readonly CanaryInput[], readonly string[]]>([
    ["proves nothing", [passed("1000"), writing, written("901")], ["unknown 901"]],
    ["proves nothing at the stream's own version", [passed("1000"), writing, written("1000")], ["unknown 1000"]],
    ["also not where the store knew so", [begun("1000"), writing, written("901")], ["unknown 901"]],
    [
      "is of a new history when another one follows; that is told once",
      [passed("1000"), writing, written("901"), writing, written("902"), writing, written("903")],
      ["unknown 901", "unknown 902", "new-history 902", "unknown 903"],
    ],
    [
      "is not, where the next one is as it should be",
      [passed("1000"), writing, written("901"), writing, written("1002"), seen("1002"), writing, written("903")],
      ["unknown 901", "delay 1002 at 10", "unknown 903"],
    ],
    [
      "leaves what was written before it to nobody",
      [passed("1000"), writing, written("1001"), writing, written("901"), passed("1005")],
      ["unknown 1001", "unknown 901"],
    ],
    [
      "is judged again when the feed was begun anew",
      [...restored, ...told("903"), writing, written("904"), passed("904")],
      ["unknown 901", "unknown 902", "new-history 902", "delay 903 at 10", "lost 904"],
    ],
    [
      "is told anew in a later history",
      [...restored, passed("990"), writing, written("801"), writing, written("802")],
      ["unknown 901", "unknown 902", "new-history 902", "unknown 801", "unknown 802", "new-history 802"],
    ],
    [
      "is not lost because the old history tells more meanwhile",
      [passed("1000"), writing, written("1500"), writing, passed("1600"), written("1101")],
      ["lost 1500", "unknown 1101"],
    ],
  ])("%s", ([, inputs, expected]) => {
    expect(outcomes(...inputs)).toEqual(expected);
  });

  it.for<[string, readonly CanaryInput[], readonly string[]]>([
    ["was told", [writing, written("7"), seen("7"), passed("9")], ["delay 7 at 10"]],
    ["is waited for", [writing, written("7")], []],
    ["was lost", [writing, written("7"), passed("9")], ["lost 7"]],
    ["somebody else made", [seen("7"), passed("9")], []],
  ])("but changed nothing is no sign of that: the version %s", ([, inputs, expected]) => {
    const again = [writing, written("7"), writing, written("7"), writing, written("7")];
    expect(outcomes(...inputs, ...again)).toEqual([...expected, "unknown 7", "unknown 7", "unknown 7"]);
  });
});

describe("a silence", () => {
  const two = [writing, written("7"), writing, written("9", 10)];

  it("begins once, and ends when nothing is overdue any more", () => {
    expect(outcomes(...two, tick(30), tick(40), seen("7", 50), tick(60), seen("9", 70), tick(90))).toEqual([
      "overdue 7",
      "silent 7",
      "overdue 9",
      "delay 7 at 50",
      "delay 9 at 70",
      "heard since 0",
    ]);
  });

  it("does not end by a gap, nor by a view that stands where it was", () => {
    const inputs = [...two, passed("5"), tick(40), gap, begun("5"), passed("5"), passed("5")];
    expect(outcomes(...inputs)).toEqual(["overdue 7", "overdue 9", "silent 7", "unknown 7", "unknown 9"]);
    expect(outcomes(...inputs, writing, written("11", 50), tick(90)).slice(5)).toEqual(["overdue 11"]);
    expect(outcomes(...inputs, passed("6")).slice(5)).toEqual(["heard since 0"]);
  });

  it("keeps the oldest and the newest writes, and gives up those between", () => {
    const many = Array.from({ length: MOST_PENDING + 50 }, (_, index) => [writing, written(`${100 + index}`)]).flat();
    const { state, all } = run(...many);
    expect(state.pending).toHaveLength(MOST_PENDING);
    expect([state.pending.at(0), state.pending.at(1), state.pending.at(-1)].map((one) => one?.version)).toEqual([
      "100",
      "151",
      "249",
    ]);
    expect(all.map(lineOf)).toEqual(Array.from({ length: 50 }, (_, index) => `unknown ${101 + index}`));
  });
});

describe("what the view showed before a lost write", () => {
  const shown = (version: string): Shown => ({ uid, resourceVersion: at(version) });

  it.for<[string, readonly CanaryInput[], readonly (Shown | undefined)[]]>([
    ["was there when the feed was begun", [begun("5", "5"), writing, written("7"), passed("8")], [shown("5")]],
    [
      "is not the write before, which was lost too",
      [seen("5"), writing, written("7"), writing, written("9"), passed("10")],
      [shown("5"), shown("5")],
    ],
    ["is not what came after it", [seen("5"), writing, seen("9"), written("7")], [shown("5")]],
    ["is not what came after it, waited for", [seen("5"), writing, written("7"), seen("9")], [shown("5")]],
    ["came while it was on its way", [seen("3"), writing, seen("5"), seen("9"), written("7")], [shown("5")]],
    ["was nothing", [seen("5"), removed("6"), writing, written("7"), passed("8")], [undefined]],
    [
      "was nothing any more while it was on its way",
      [seen("5"), writing, removed("6"), passed("8"), written("7")],
      [undefined],
    ],
  ])("%s", ([, inputs, expected]) => {
    expect(run(...inputs).all.map((one) => (one.type === "lost" ? one.shown : one.type))).toEqual(expected);
  });
});
