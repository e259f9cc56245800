import { serviceUnavailable, type StatusError } from "@krm/apimachinery";
import { resourceName, type ResourceType } from "@krm/core";
import { causedError } from "../answer/caused-error.ts";

/** The error for a watch of what has no view yet. */
export function notRead(resource: ResourceType): StatusError {
  return causedError("ViewSyncing", {
    code: 503,
    message: `the view of ${resourceName(resource)} has not been read from the cluster yet`,
    kind: resource.resource,
    retryAfterSeconds: 1,
  });
}

/** The error for a watch of what is followed no more. */
export function followedNoMore(): StatusError {
  return serviceUnavailable("the server is shutting down, or its store is closed", 1);
}
