import type { X509Certificate } from "node:crypto";
import { failed, type Finding, warning } from "../finding.ts";

const DAY_MS = 86_400_000;
/** Long enough to renew it in peace. */
const SOON_MS = 7 * DAY_MS;

/** What is wrong with the time in which a certificate is valid; undefined: nothing. Pure. */
export function judgeExpiry(
  what: string,
  { validFrom, validTo }: Pick<X509Certificate, "validFrom" | "validTo">,
  now: number,
  subject?: string,
): Finding | undefined {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  if (now < from) {
    return failed(
      `${what} is not valid before ${isoDate(from)}`,
      "Check this machine's clock, or have it made anew.",
      subject,
    );
  }
  if (now > to) return failed(`${what} has expired on ${isoDate(to)}`, "Renew it.", subject);
  if (now + SOON_MS > to) {
    const days = Math.floor((to - now) / DAY_MS);
    const when = days === 0 ? "within a day" : `in ${days} ${days === 1 ? "day" : "days"}`;
    return warning(`${what} expires ${when}`, "Renew it before.", subject);
  }
  return undefined;
}

/** The day, in UTC. */
export function isoDate(ms: number): string {
  return Number.isNaN(ms) ? "an unknown day" : new Date(ms).toISOString().slice(0, 10);
}
