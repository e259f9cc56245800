import { durationBetween } from "./duration.ts";
import { type Flag, flag } from "./flag.ts";
import { decimalNumber, wholeNumber } from "./number.ts";
import { ParseError } from "./parse-error.ts";

/** Ten years of 365 days. */
const LONGEST_OFFSET_MS = 87_600 * 3_600_000;

/** `--pods` */
export function podsFlag(): Flag {
  return flag("--pods <N>", "pods in the cluster; everything else grows with them", {
    parse: wholeNumber({ min: 0, max: 100_000 }),
    default: 500,
  });
}

/** `--churn` */
export function churnFlag(): Flag {
  return flag("--churn <N>", "changes per second, on average", {
    parse: decimalNumber({ min: 0, max: 10_000 }),
    default: 5,
  });
}

/** `--seed` */
export function seedFlag(): Flag {
  return flag("--seed <S>", "the same seed makes the same cluster", {
    parse: wholeNumber({ min: 0, max: 4_294_967_295 }),
    default: 1,
  });
}

/** `--clock-offset`, in milliseconds: above 0 the clock is ahead, below 0 behind. */
export function clockOffsetFlag(): Flag {
  return flag("--clock-offset <TIME>", "how far the cluster's own clock is off: 3s ahead, or -3s behind", {
    parse: signedDuration,
    default: 0,
    shown: "0s",
  });
}

function signedDuration(text: string): number {
  const [, sign, rest = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  try {
    const ms = durationBetween({ min: 0, max: LONGEST_OFFSET_MS })(rest);
    return sign === "-" ? 0 - ms : ms;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new ParseError(
      `${JSON.stringify(text)} is not how far a clock can be off: write it like 3s, -3s, 1500ms or -1h30m, at most ten years`,
    );
  }
}
