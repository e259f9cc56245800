import { negotiate, type Representation } from "../negotiate.ts";
import { type IncludeObject, parseIncludeObject } from "../table/table.ts";

/** How objects are to be shown: the representation that was negotiated, and what a Table's rows carry. */
export interface ObjectView {
  readonly representation: Representation;
  readonly includeObject: IncludeObject;
}

/**
 * Reads from a request how its reader wants to see objects. `stream`: as the frames of a watch.
 *
 * @throws StatusError 406, or 400 for an `includeObject` that cannot be.
 */
export function readObjectView(accept: string | undefined, query: URLSearchParams, stream: boolean): ObjectView {
  const representation = negotiate(accept, { stream });
  return { representation, includeObject: representation.type === "table" ? parseIncludeObject(query) : "Metadata" };
}
