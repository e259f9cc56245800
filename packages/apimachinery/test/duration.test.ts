import { expect, test } from "vitest";
import { durationToHuman } from "../src/index.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

test.for([
  [Number.NaN, "<invalid>"],
  [-2 * SECOND, "<invalid>"],
  [-1999, "0s"],
  [0, "0s"],
  [999, "0s"],
  [SECOND, "1s"],
  [119 * SECOND, "119s"],
  [2 * MINUTE, "2m"],
  [2 * MINUTE + SECOND, "2m1s"],
  [9 * MINUTE + 59 * SECOND, "9m59s"],
  [10 * MINUTE + 59 * SECOND, "10m"],
  [3 * HOUR - SECOND, "179m"],
  [3 * HOUR, "3h"],
  [7 * HOUR + 59 * MINUTE, "7h59m"],
  [8 * HOUR + 59 * MINUTE, "8h"],
  [47 * HOUR, "47h"],
  [2 * DAY, "2d"],
  [2 * DAY + 3 * HOUR, "2d3h"],
  [8 * DAY - SECOND, "7d23h"],
  [8 * DAY + 3 * HOUR, "8d"],
  [2 * YEAR - SECOND, "729d"],
  [2 * YEAR, "2y"],
  [2 * YEAR + 3 * DAY, "2y3d"],
  [8 * YEAR - SECOND, "7y364d"],
  [8 * YEAR + 3 * DAY, "8y"],
] as const)("%d ms is %s", ([milliseconds, text]) => {
  expect(durationToHuman(milliseconds)).toBe(text);
});
