import { withMetadata } from "./object-writer.ts";
import { kindRules } from "./kinds/kind-rules.ts";
import { objectAt, type SimObject } from "./sim-object.ts";
import type { SimResource } from "./sim-resource.ts";
import { timestamp } from "./timestamp.ts";

/** What one deletion request does. */
export interface DeletionStep {
  /** The object to write first; undefined: it stays as it is. */
  readonly marked: SimObject | undefined;
  /** It goes now, after `marked` was written. */
  readonly gone: boolean;
}

/**
 * BeforeDelete and the end of graceful deletion, of k8s.io/apiserver/pkg/registry: a period of grace puts
 * `deletionTimestamp` ahead by it, a later request can only shorten it (never into the past), and what has finalizers
 * stays until they are gone. `now`: wall clock, epoch milliseconds.
 */
export function deletionStep(
  resource: SimResource,
  object: SimObject,
  requestedSeconds: number | undefined,
  now: number,
): DeletionStep {
  const rules = kindRules(resource);
  const hasFinalizers = (object.metadata.finalizers ?? []).length > 0;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
  if (deletionTimestamp !== undefined) {
    // A graceful deletion is under way: asking again with less grace shortens it, anything else changes nothing.
    if (requestedSeconds === undefined || requestedSeconds >= deletionGracePeriodSeconds) {
      return { marked: undefined, gone: !hasFinalizers && deletionGracePeriodSeconds === 0 };
    }
    const started = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
    const marked = withMetadata(resource, object, {
      deletionTimestamp: timestamp(Math.max(started + requestedSeconds * 1000, now)),
      deletionGracePeriodSeconds: requestedSeconds,
    });
    return { marked, gone: requestedSeconds === 0 && !hasFinalizers };
  }
  const isNamespace = resource.group === "" && resource.resource === "namespaces";
  if (rules.gracePeriod === undefined && !hasFinalizers && !isNamespace) return { marked: undefined, gone: true };
  const grace = rules.gracePeriod?.(object, requestedSeconds) ?? 0;
  const marked = withMetadata(resource, object, {
    deletionTimestamp: timestamp(now + grace * 1000),
    deletionGracePeriodSeconds: grace,
    ...(object.metadata.generation === undefined ? {} : { generation: object.metadata.generation + 1 }),
  });
  if (isNamespace) {
    const { deletionGracePeriodSeconds: _, ...metadata } = marked.metadata;
    const status = { ...objectAt(object, "status"), phase: "Terminating" };
    return { marked: { ...marked, metadata, status }, gone: !hasFinalizers };
  }
  return { marked, gone: grace === 0 && !hasFinalizers };
}
