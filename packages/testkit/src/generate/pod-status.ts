import { isJsonObject, type JsonObject, listAt, type SimObject, textAt } from "../cluster/sim-object.ts";
import { timestamp } from "../cluster/timestamp.ts";

/** Where a pod runs. */
export interface PodPlace {
  readonly hostIP: string;
  readonly podIP: string;
}

/** The status of a pod that its kubelet took over and whose images are being pulled. `at`: epoch milliseconds. */
export function creatingStatus(pod: SimObject, place: Pick<PodPlace, "hostIP">, at: number): JsonObject {
  return {
    ...inherited(pod),
    phase: "Pending",
    conditions: conditions(pod, at, { ready: false, reason: "ContainersNotReady" }),
    hostIP: place.hostIP,
    hostIPs: [{ ip: place.hostIP }],
    startTime: timestamp(at),
    containerStatuses: containers(pod).map((container) => ({
      name: container.name,
      state: { waiting: { reason: "ContainerCreating" } },
      lastState: {},
      ready: false,
      restartCount: 0,
      image: container.image,
      imageID: "",
      started: false,
    })),
  };
}

/** The status of a pod that runs and is ready. */
export function runningStatus(pod: SimObject, place: PodPlace, at: number): JsonObject {
  return {
    ...inherited(pod),
    phase: "Running",
    conditions: conditions(pod, at, { ready: true }),
    hostIP: place.hostIP,
    hostIPs: [{ ip: place.hostIP }],
    podIP: place.podIP,
    podIPs: [{ ip: place.podIP }],
    startTime: textAt(pod["status"], "startTime") || timestamp(at),
    containerStatuses: containers(pod).map((container, index) => ({
      name: container.name,
      state: { running: { startedAt: timestamp(at) } },
      lastState: {},
      ready: true,
      restartCount: restarts(pod, index),
      image: container.image,
      imageID: imageId(container.image),
      containerID: containerId(pod, index),
      started: true,
    })),
  };
}

/** The status of a running pod whose first container ended and waits to be started again. */
export function crashedStatus(pod: SimObject, at: number): JsonObject {
  return {
    ...statusOf(pod),
    conditions: conditions(pod, at, { ready: false, reason: "ContainersNotReady" }),
    containerStatuses: listAt(pod["status"], "containerStatuses").map((status, index) =>
      index > 0 || !isJsonObject(status)
        ? status
        : {
            ...status,
            state: {
              waiting: {
                reason: "CrashLoopBackOff",
                message: "back-off restarting failed container",
              },
            },
            lastState: {
              terminated: {
                exitCode: 1,
                reason: "Error",
                startedAt: timestamp(at - 20_000),
                finishedAt: timestamp(at),
                containerID: status["containerID"],
              },
            },
            ready: false,
            restartCount: restarts(pod, index) + 1,
            started: false,
          },
    ),
  };
}

/** The status of a pod whose containers ended. `Succeeded` for one that was to end, the phase as it was otherwise. */
export function endedStatus(pod: SimObject, at: number, succeeded: boolean): JsonObject {
  const status = statusOf(pod);
  return {
    ...status,
    phase: succeeded ? "Succeeded" : status["phase"],
    conditions: conditions(pod, at, { ready: false, reason: succeeded ? "PodCompleted" : "PodFailed" }),
    containerStatuses: listAt(status, "containerStatuses").map((each) =>
      isJsonObject(each)
        ? {
            ...each,
            state: {
              terminated: {
                exitCode: 0,
                reason: "Completed",
                startedAt: textAt(status, "startTime") || timestamp(at),
                finishedAt: timestamp(at),
                containerID: each["containerID"],
              },
            },
            ready: false,
            started: false,
          }
        : each,
    ),
  };
}

/** Tells whether a pod counts as ready. */
export function isReady(pod: SimObject): boolean {
  return listAt(pod["status"], "conditions").some(
    (condition) => textAt(condition, "type") === "Ready" && textAt(condition, "status") === "True",
  );
}

function conditions(pod: SimObject, at: number, state: { ready: boolean; reason?: string }): JsonObject[] {
  const make = (type: string, holds: boolean): JsonObject => {
    const status = holds ? "True" : "False";
    const before = listAt(pod["status"], "conditions").find((each) => textAt(each, "type") === type);
    const since = textAt(before, "status") === status ? textAt(before, "lastTransitionTime") : "";
    return {
      type,
      observedGeneration: pod.metadata.generation,
      status,
      lastProbeTime: null,
      lastTransitionTime: since || timestamp(at),
      ...(holds || state.reason === undefined ? {} : { reason: state.reason }),
    };
  };
  return [
    make("PodReadyToStartContainers", true),
    make("Initialized", true),
    make("Ready", state.ready),
    make("ContainersReady", state.ready),
    make("PodScheduled", true),
  ];
}

function statusOf(pod: SimObject): JsonObject {
  return isJsonObject(pod["status"]) ? pod["status"] : {};
}

function inherited(pod: SimObject): JsonObject {
  const { qosClass } = statusOf(pod);
  return qosClass === undefined ? {} : { qosClass };
}

function containers(pod: SimObject): readonly { readonly name: string; readonly image: string }[] {
  return listAt(pod["spec"], "containers").map((each) => ({
    name: textAt(each, "name"),
    image: textAt(each, "image"),
  }));
}

function restarts(pod: SimObject, index: number): number {
  const before = listAt(pod["status"], "containerStatuses")[index];
  return isJsonObject(before) && typeof before["restartCount"] === "number" ? before["restartCount"] : 0;
}

function imageId(image: string): string {
  const name = image.slice(0, image.lastIndexOf(":"));
  return `${name}@sha256:${digest(image)}`;
}

function containerId(pod: SimObject, index: number): string {
  return `containerd://${digest(`${pod.metadata.uid}/${index}/${restarts(pod, index)}`)}`;
}

/** 64 hexadecimal digits that differ where the text does (FNV-1a, eight times): not a hash for security. */
function digest(text: string): string {
  let out = "";
  for (let round = 0; round < 8; round++) {
    let hash = 0x811c9dc5 ^ Math.imul(round + 1, 0x9e3779b9);
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    out += (hash >>> 0).toString(16).padStart(8, "0");
  }
  return out;
}
