import { durationToHuman } from "@krm/apimachinery";

/** What hid a missed event, for people. */
export function causeText(cause: string): string {
  return cause === "upstream" ? "none known here (upstream)" : cause;
}

/** For how long readers could see the wrong state: `at most 4m`. */
export function exposureText(ms: number): string {
  return ms < 1000 ? "less than 1s" : `at most ${durationToHuman(Math.ceil(ms / 1000) * 1000)}`;
}
