import type { Panel } from "./board.ts";

/** By how much the API server's clock is off, to stand beside what two clocks were compared for. */
export const CLOCK_OFFSET: Panel = {
  title: "Clocks: the API server's is ahead by",
  about:
    "The truth lies between the two lines; below 0, the API server's clock is behind. Delays come out too short by as much as it is ahead, and too long by as much as it is behind: nothing is subtracted. Both lines beyond 2 s, on one side of 0: a clock is wrong for certain; mend NTP there. Lines far apart: several API servers whose clocks differ, or too few answers to tell.",
  shape: "lines",
  unit: "seconds",
  width: 4,
  influx: [
    {
      name: "$col",
      query: ({ from, time, every }) =>
        `SELECT max("clock_offset_low") AS "at least", min("clock_offset_high") AS "at most" FROM ${from("krm_scope")} WHERE ${time} GROUP BY ${every} FILL(none)`,
    },
  ],
  prometheus: [
    { name: "at least {{instance}}", query: 'max by (instance) (krm_clock_offset_seconds{bound="low"})' },
    { name: "at most {{instance}}", query: 'min by (instance) (krm_clock_offset_seconds{bound="high"})' },
  ],
};
