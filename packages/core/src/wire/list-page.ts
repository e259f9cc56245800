import { isResourceVersion } from "../model/resource-version.ts";
import type { ListPage } from "../ports/list-watch.ts";
import { asBuffer } from "./as-buffer.ts";
import { decodeError, type DecodeOptions, dropOf } from "./decode-options.ts";
import { scanList } from "./list-scan.ts";
import { ObjectScan } from "./object-scan.ts";
import { ordered } from "./object-fields.ts";
import { WireObject } from "./wire-object.ts";

/**
 * Decodes the body of a LIST. Items are decoded as by `decodeObject`, in order; `items: null` is an empty list.
 *
 * A list whose own resourceVersion cannot be ordered is given as it is, its items too: that is for the caller to judge
 * (law 8). In a list with a version that can be ordered, an item with one that cannot is an error.
 *
 * @throws KrmError `KRM_DECODE` with what is wrong and at which byte; a body without `items` or `metadata` is not a
 * list, and not an empty one either. `KRM_INVALID_RESOURCE_VERSION` for an item.
 */
export function decodeListPage(body: Uint8Array, options: DecodeOptions = {}): ListPage {
  const b = asBuffer(body);
  const { plan } = dropOf(options);
  const scan = new ObjectScan();
  const items: WireObject[] = [];
  try {
    const {
      resourceVersion,
      continue: token,
      remainingItemCount,
    } = scanList(b, (bytes, at, end) => {
      const after = scan.scan(bytes, at, end, plan);
      items.push(new WireObject(bytes, at, after, scan));
      return after;
    });
    if (isResourceVersion(resourceVersion)) for (const item of items) ordered(item);
    return { resourceVersion, items, continue: token, remainingItemCount, bytes: b.length };
  } catch (error) {
    throw decodeError(error, "the list", 0, b.length);
  }
}
