import type { Buffer } from "node:buffer";
import { objectKey, type Uid } from "../model/object-key.ts";
import { isResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { Revision } from "../model/stored-object.ts";
import type { MetadataPage } from "../ports/list-watch.ts";
import { asBuffer } from "./as-buffer.ts";
import { decodeError } from "./decode-options.ts";
import { scanList } from "./list-scan.ts";
import { IDENTITY } from "./member-plan.ts";
import { gracePeriod, isString, labelsRange, optional, ordered, required } from "./object-fields.ts";
import { ObjectScan } from "./object-scan.ts";

/**
 * Decodes the body of a LIST down to which life and version of each object it holds. The body is a
 * `PartialObjectMetadataList`, or a list of whole objects, as a server sends it that does not know the former;
 * {@link MetadataPage.metadataOnly} says which.
 *
 * As strict as `decodeListPage`: it takes and refuses the same bodies, with the same errors, but keeps nothing of the
 * bytes.
 *
 * @throws KrmError as `decodeListPage`.
 */
export function decodeMetadataPage(body: Uint8Array): MetadataPage {
  const b = asBuffer(body);
  const scan = new ObjectScan();
  const items: Revision[] = [];
  try {
    const facts = scanList(b, (bytes, at, end) => {
      const after = scan.scan(bytes, at, end, IDENTITY);
      items.push(revision(bytes, at, scan));
      return after;
    });
    if (isResourceVersion(facts.resourceVersion)) for (const item of items) ordered(item);
    return {
      resourceVersion: facts.resourceVersion,
      items,
      continue: facts.continue,
      remainingItemCount: facts.remainingItemCount,
      bytes: b.length,
      metadataOnly: facts.kind === "PartialObjectMetadataList",
    };
  } catch (error) {
    throw decodeError(error, "the list", 0, b.length);
  }
}

/** Looks also at what it does not give: an object that cannot be decoded as a whole is refused here too. */
function revision(b: Buffer, at: number, scan: ObjectScan): Revision {
  const { fields } = scan;
  const name = required(b, at, fields.name, "name");
  const namespace = optional(b, fields.namespace, "namespace") ?? "";
  const key = objectKey(namespace, name);
  const uid = required(b, at, fields.uid, "uid") as Uid;
  const resourceVersion = (optional(b, fields.resourceVersion, "resourceVersion") ?? "") as ResourceVersion;
  isString(b, fields.creationTimestamp, "creationTimestamp");
  isString(b, fields.deletionTimestamp, "deletionTimestamp");
  gracePeriod(b, scan);
  labelsRange(b, scan);
  return { key, uid, resourceVersion };
}
