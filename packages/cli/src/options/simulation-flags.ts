import { type Flag, flag } from "./flag.ts";
import { decimalNumber, wholeNumber } from "./number.ts";

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
