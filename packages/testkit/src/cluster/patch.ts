import { statusError } from "@krm/apimachinery";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { isJsonObject, type JsonObject, type SimObject } from "./sim-object.ts";
import type { SimResource } from "./sim-resource.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

/**
 * An object with a patch applied; the object itself is not touched.
 *
 * @throws StatusError UnsupportedMediaType for a content type that is no patch here (custom resources know no strategic
 * merge patch, nothing here knows server-side apply), BadRequest for a JSON patch that cannot be applied.
 */
export function applyPatch(resource: SimResource, current: SimObject, patch: unknown, contentType: string): JsonObject {
  const type = contentType.split(";")[0]?.trim();
  let patched: unknown;
  if (type === "application/merge-patch+json") patched = applyMergePatch(current, patch);
  else if (type === "application/json-patch+json") patched = applyJsonPatch(current, patch);
  else if (type === "application/strategic-merge-patch+json" && !resource.custom) {
    patched = applyStrategicMergePatch(current, patch);
  } else {
    const accepted = ["application/json-patch+json", "application/merge-patch+json"];
    if (!resource.custom) accepted.push("application/strategic-merge-patch+json");
    throw statusError({
      code: 415,
      reason: "UnsupportedMediaType",
      message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
    });
  }
  return isJsonObject(patched) ? patched : {};
}
