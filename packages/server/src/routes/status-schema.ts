import { VIEW_STATES } from "@krm/protocol";

const text = { type: "string" };
const time = { type: "string", format: "date-time" };
const count = { type: "integer" };
const seconds = { type: "number" };
const counts = { type: "object", additionalProperties: count };
const state = { enum: VIEW_STATES };

/** An object with these properties, of which those in `optional` may be left out. */
function shape(properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object {
  return {
    type: "object",
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    properties,
  };
}

const error = shape({ code: text, message: text, hint: text, status: count }, ["hint", "status"]);
const progress = shape({ pages: count, objects: count, bytes: count, expected: count }, ["expected"]);

const clock = shape({ lowSeconds: seconds, highSeconds: seconds, samples: count, at: time });
const eventLoop = shape({ p99Seconds: seconds, maxSeconds: seconds });

const phase = { phase: text, since: time, until: time, attempt: count, reason: text, progress };
const OPTIONAL_OF_PHASE = ["until", "attempt", "reason", "progress"];

const streamer = shape(
  {
    ...phase,
    events: count,
    bookmarks: count,
    lists: count,
    initial: text,
    watches: count,
    silentSince: time,
    stalls: count,
    emptied: count,
    failures: count,
    desyncs: counts,
    clock,
    eventLoop,
  },
  [...OPTIONAL_OF_PHASE, "initial", "silentSince", "clock", "eventLoop"],
);

const verifier = shape(
  { ...phase, snapshots: count, mode: text, requests: count, asked: count, failures: count, lastContact: time, clock },
  [...OPTIONAL_OF_PHASE, "mode", "lastContact", "clock"],
);

const missed = shape({ added: count, modified: count, deleted: count, recreated: count });
const shown = shape({ uid: text, resourceVersion: text });

const missedEvent = shape(
  {
    key: text,
    type: { enum: ["added", "modified", "deleted", "recreated"] },
    cause: text,
    horizon: text,
    shown,
    actual: shown,
    foundAt: time,
    exposedSeconds: seconds,
    exposedSince: { enum: ["changed", "verified"] },
  },
  ["shown", "actual"],
);

const merger = shape(
  {
    verifications: counts,
    modes: counts,
    missed,
    missedByCause: { type: "object", additionalProperties: missed },
    exposure: shape({ totalSeconds: seconds, longestSeconds: seconds }),
    repairs: count,
    pending: count,
    resynced: count,
    late: count,
    contradictions: count,
    queued: count,
    lastDriftAt: time,
    recent: { type: "array", items: missedEvent },
  },
  ["lastDriftAt"],
);

const delays = shape({
  since: time,
  minutes: {
    type: "array",
    items: shape({ at: time, count, p50Seconds: seconds, p90Seconds: seconds, p99Seconds: seconds }),
  },
});

const scope = shape(
  {
    resource: text,
    name: text,
    kind: text,
    namespace: text,
    state,
    error,
    objects: count,
    bytes: count,
    epoch: count,
    version: text,
    horizon: text,
    verifiedAt: time,
    streamedThrough: text,
    lastContact: time,
    streamer,
    verifier,
    merger,
    delays,
  },
  [
    "namespace",
    "error",
    "version",
    "horizon",
    "verifiedAt",
    "streamedThrough",
    "lastContact",
    "streamer",
    "verifier",
    "merger",
    "delays",
  ],
);

/** What `/status` answers, as JSON Schema: `StatusBody` of `@krm/protocol`. */
export const STATUS_SCHEMA: object = shape({ time, state, scopes: { type: "array", items: scope } });
