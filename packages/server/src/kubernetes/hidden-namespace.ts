import { StatusError } from "@krm/apimachinery";
import { hasCause } from "@krm/protocol";
import { causedError } from "../answer/caused-error.ts";

/** Whether an error says that a namespace is not watched. */
export function isHidden(error: unknown): error is StatusError {
  return error instanceof StatusError && hasCause(error.status, "NamespaceNotWatched");
}

/**
 * What the Kubernetes API answers for a namespace that is not watched: a 403. Clients take a 404 for the word that an object
 * is gone (`kubectl wait --for=delete`, `--ignore-not-found`), and of this one nothing is known. All other errors stay.
 */
export function forbidHidden(error: unknown): unknown {
  if (!isHidden(error)) return error;
  const { message = "", details } = error.status;
  return causedError("NamespaceNotWatched", {
    code: 403,
    message: `KRM does not know: ${message}`,
    field: "namespace",
    ...(details?.kind === undefined ? {} : { kind: details.kind }),
  });
}
