import {
  type DecidedVerdict,
  type Logger,
  type MissedEvent,
  objectKey,
  PODS,
  type ResourceVersion,
  type Uid,
} from "@krm/core";
import { describe, expect, it } from "vitest";
import { tellVerdict } from "../src/monitoring/tell-verdict.ts";

function missed(name: string, more: Partial<MissedEvent> = {}): MissedEvent {
  return {
    key: objectKey("team-a", name),
    type: "deleted",
    cause: "upstream",
    horizon: "90" as ResourceVersion,
    shown: { uid: "u1" as Uid, resourceVersion: "70" as ResourceVersion },
    actual: undefined,
    foundAt: 0,
    exposedMs: 240_000,
    exposedSince: "verified",
    ...more,
  };
}

function verdict(drift: readonly MissedEvent[], more: Partial<DecidedVerdict> = {}): DecidedVerdict {
  const result = drift.length > 0 ? "drift" : "consistent";
  return { horizon: "90" as ResourceVersion, result, mode: "exact-metadata", drift, ...more };
}

/** What is told of a verdict: level, text, and what programs get. */
function told(of: DecidedVerdict, most?: number): { lines: string[]; about: unknown[] } {
  const lines: string[] = [];
  const about: unknown[] = [];
  const write =
    (level: string): Logger["info"] =>
    (fields, message) => {
      lines.push(`${level} ${message}`);
      about.push(fields["about"]);
    };
  const logger: Logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  tellVerdict(logger, { resource: PODS, namespace: "team-a" }, of, most);
  return { lines, about };
}

describe("news of a verification", () => {
  it("name every missed event, with its type, cause and exposure", () => {
    const events = [
      missed("p2"),
      missed("p3", { type: "modified", cause: "expired", exposedMs: 400 }),
      missed("p4", { type: "recreated", exposedMs: 1001 }),
    ];
    const { lines, about } = told(verdict(events));
    expect(lines).toEqual([
      "debug pods in team-a: verification (exact-metadata) at version 90: drift",
      "info pods team-a/p2: missed deleted, exposed for at most 4m, cause: none known here (upstream)",
      "info pods team-a/p3: missed modified, exposed for less than 1s, cause: expired",
      "info pods team-a/p4: missed recreated, exposed for at most 2s, cause: none known here (upstream)",
    ]);
    expect(about[1]).toEqual({ event: "missed", scope: "v1/pods@team-a", missed: events[0] });
  });

  it("are for debug where nothing was missed", () => {
    expect(told(verdict([])).lines).toEqual([
      "debug pods in team-a: verification (exact-metadata) at version 90: consistent",
    ]);
    expect(told(verdict([], { mode: "resync" })).lines).toEqual([
      "debug pods in team-a: list after a gap at version 90: consistent",
    ]);
    expect(told(verdict([missed("p1")], { mode: "told" })).lines[0]).toBe(
      "debug pods in team-a: lost write at version 90: drift",
    );
  });

  it("count what would be too much", () => {
    const many = Array.from({ length: 102 }, (_, index) => missed(`p${index}`));
    expect(told(verdict(many)).lines).toHaveLength(102);
    expect(told(verdict(many)).lines.at(-1)).toBe("info pods in team-a: and 2 more missed events");
    expect(told(verdict(many.slice(0, 6)), 5).lines.slice(5)).toEqual([
      "info pods team-a/p4: missed deleted, exposed for at most 4m, cause: none known here (upstream)",
      "info pods in team-a: and 1 more missed event",
    ]);
  });
});
