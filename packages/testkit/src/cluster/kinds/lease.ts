import { badRequest } from "@krm/apimachinery";
import { objectAt } from "../sim-object.ts";
import type { KindRules } from "./kind-rules.ts";

/** RFC3339Micro of k8s.io/apimachinery/pkg/apis/meta/v1/micro_time.go. */
const LAYOUT = "2006-01-02T15:04:05.000000Z07:00";
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const FRACTION = /^[.,]\d{6}/;
const ZONE = /^(?:Z|[+-]\d\d:\d\d)$/;

/** Leases: their times have exactly six digits behind the point. */
export const leaseRules: KindRules = {
  generation: false,
  // AllowUnconditionalUpdate and AllowCreateOnUpdate of k8s.io/kubernetes/pkg/registry/coordination/lease/strategy.go
  versionRequired: true,
  createdByUpdate: true,
  defaults(draft) {
    const spec = objectAt(draft, "spec");
    for (const member of ["acquireTime", "renewTime"]) {
      const time = spec[member];
      if (typeof time === "string") spec[member] = microTime(time);
      else if (time === null) delete spec[member];
    }
  },
};

/** The same time as the API server tells it: in UTC. @throws StatusError 400, in Go's words. */
function microTime(text: string): string {
  const date = DATE_TIME.exec(text)?.[0];
  const at = date === undefined ? Number.NaN : Date.parse(`${date}Z`);
  if (date === undefined || Number.isNaN(at)) throw unreadable(text, text, "2006");
  const behind = text.slice(date.length);
  const fraction = FRACTION.exec(behind)?.[0];
  if (fraction === undefined) throw unreadable(text, behind, ".000000");
  const zone = behind.slice(fraction.length);
  if (!ZONE.test(zone)) throw unreadable(text, zone, "Z07:00");
  const utc = zone === "Z" ? at : Date.parse(`${date}${zone}`);
  if (Number.isNaN(utc)) throw unreadable(text, zone, "Z07:00");
  return `${new Date(utc).toISOString().slice(0, 19)}.${fraction.slice(1)}Z`;
}

function unreadable(text: string, part: string, element: string): Error {
  const quote = (value: string): string => JSON.stringify(value);
  return badRequest(
    `Lease in version "v1" cannot be handled as a Lease: parsing time ${quote(text)} as ${quote(LAYOUT)}: cannot parse ${quote(part)} as ${quote(element)}`,
  );
}
