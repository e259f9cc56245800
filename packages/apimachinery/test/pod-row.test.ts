import { PODS } from "@krm/core";
import { expect, test } from "vitest";
import { type Cell, toTable } from "../src/index.ts";

const NOW = Date.parse("2026-01-02T00:00:00Z");

function podCells(pod: object): readonly Cell[] {
  return toTable(PODS, [pod], { now: NOW, listMeta: { resourceVersion: "1" } }).rows[0]?.cells ?? [];
}

/** READY, STATUS, RESTARTS. */
function told(pod: object): readonly Cell[] {
  return podCells(pod).slice(1, 4);
}

const running = { ready: true, restartCount: 0, state: { running: {} } };
const done = { restartCount: 0, state: { terminated: { exitCode: 0, reason: "Completed" } } };

test.for<[what: string, pod: object, cells: readonly Cell[]]>([
  ["nothing known", {}, ["0/0", "", "0"]],
  ["the phase alone", { spec: { containers: [{}] }, status: { phase: "Pending" } }, ["0/1", "Pending", "0"]],
  ["the status' own reason", { status: { phase: "Failed", reason: "Evicted" } }, ["0/0", "Evicted", "0"]],
  [
    "waiting for its scheduling gates",
    { status: { phase: "Pending", conditions: [{ type: "PodScheduled", reason: "SchedulingGated" }] } },
    ["0/0", "SchedulingGated", "0"],
  ],
  [
    "the first of two containers fails",
    {
      spec: { containers: [{}, {}] },
      status: {
        phase: "Running",
        containerStatuses: [
          {
            restartCount: 3,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { finishedAt: "2026-01-01T23:55:00Z" } },
          },
          running,
        ],
      },
    },
    ["1/2", "CrashLoopBackOff", "3 (5m ago)"],
  ],
  [
    "ended without a reason, by code and by signal",
    { status: { containerStatuses: [{ state: { terminated: { exitCode: 7 } } }] } },
    ["0/0", "ExitCode:7", "0"],
  ],
  ["killed", { status: { containerStatuses: [{ state: { terminated: { signal: 9 } } }] } }, ["0/0", "Signal:9", "0"]],
  [
    "one container is done, another runs",
    {
      spec: { containers: [{}, {}] },
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: "True" }],
        containerStatuses: [done, running],
      },
    },
    ["1/2", "Running", "0"],
  ],
  [
    "the same, but not ready",
    { spec: { containers: [{}, {}] }, status: { phase: "Running", containerStatuses: [done, running] } },
    ["1/2", "NotReady", "0"],
  ],
  [
    "the second of three init containers at work",
    {
      spec: { containers: [{}], initContainers: [{ name: "a" }, { name: "b" }, { name: "c" }] },
      status: {
        phase: "Pending",
        initContainerStatuses: [
          { name: "a", ...done },
          { name: "b", state: { running: {} } },
        ],
      },
    },
    ["0/1", "Init:1/3", "0"],
  ],
  [
    "an init container fails",
    {
      spec: { containers: [{}], initContainers: [{ name: "a" }] },
      status: {
        phase: "Pending",
        initContainerStatuses: [{ name: "a", restartCount: 2, state: { waiting: { reason: "ErrImagePull" } } }],
      },
    },
    ["0/1", "Init:ErrImagePull", "2"],
  ],
  [
    "an init container ended badly",
    {
      spec: { initContainers: [{ name: "a" }] },
      status: { initContainerStatuses: [{ name: "a", state: { terminated: { exitCode: 1 } } }] },
    },
    ["0/0", "Init:ExitCode:1", "0"],
  ],
  [
    "a sidecar counts among the containers, and its restarts with theirs",
    {
      spec: { containers: [{}], initContainers: [{ name: "a" }, { name: "s", restartPolicy: "Always" }] },
      status: {
        phase: "Running",
        initContainerStatuses: [
          { name: "a", ...done, restartCount: 5 },
          { name: "s", ready: true, started: true, restartCount: 1, state: { running: {} } },
        ],
        containerStatuses: [running],
      },
    },
    ["2/2", "Running", "1"],
  ],
  [
    "being deleted",
    { metadata: { deletionTimestamp: "2026-01-02T00:00:00Z" }, status: { phase: "Running" } },
    ["0/0", "Terminating", "0"],
  ],
  [
    "being deleted after it came to its end",
    { metadata: { deletionTimestamp: "2026-01-02T00:00:00Z" }, status: { phase: "Succeeded" } },
    ["0/0", "Succeeded", "0"],
  ],
  [
    "being deleted from a node that is lost",
    { metadata: { deletionTimestamp: "2026-01-02T00:00:00Z" }, status: { phase: "Running", reason: "NodeLost" } },
    ["0/0", "Unknown", "0"],
  ],
])("%s", ([, pod, cells]) => {
  expect(told(pod)).toEqual(cells);
});

test("readiness gates: how many of them are open", () => {
  const pod = {
    spec: { readinessGates: [{ conditionType: "a" }, { conditionType: "b" }] },
    status: {
      conditions: [
        { type: "a", status: "True" },
        { type: "b", status: "False" },
      ],
    },
  };
  expect(podCells(pod).at(-1)).toBe("1/2");
});

test("the row of a pod at its end says so", () => {
  const rows = toTable(PODS, [{ status: { phase: "Succeeded" } }, { status: { phase: "Running" } }], {
    now: NOW,
    listMeta: { resourceVersion: "1" },
  }).rows;
  expect(rows[0]?.conditions?.[0]).toEqual({
    type: "Completed",
    status: "True",
    reason: "Succeeded",
    message: "The pod has completed successfully.",
  });
  expect(rows[1]?.conditions).toBeUndefined();
});
