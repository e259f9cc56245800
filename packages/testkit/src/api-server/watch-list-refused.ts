import { invalid, type StatusError } from "@krm/apimachinery";

/** 422: what kube-apiserver says to a watch that asks for initial events while its gate `WatchList` is off. */
export function watchListRefused(): StatusError {
  return invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", [
    {
      reason: "FieldValueForbidden",
      message: "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
      field: "sendInitialEvents",
    },
  ]);
}
