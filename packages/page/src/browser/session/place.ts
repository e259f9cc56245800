import { type Filter, NO_FILTER } from "../objects/filter.ts";

/** What of the page is looked at. It stands behind the `#` of its address, so that it can be kept and passed on. */
export interface Place {
  /** `v1/pods`; undefined: the first that is watched. */
  readonly resource: string | undefined;
  readonly filter: Filter;
}

const PARTS = ["name", "namespace", "labels", "node"] as const satisfies readonly (keyof Filter)[];

/** Reads the fragment of an address: `#v1/pods?namespace=team-a`. */
export function parsePlace(fragment: string): Place {
  const [resource = "", query = ""] = fragment.replace(/^#/u, "").split("?");
  const params = new URLSearchParams(query);
  const filter = { ...NO_FILTER };
  for (const part of PARTS) filter[part] = params.get(part) ?? "";
  return { resource: resource === "" ? undefined : decoded(resource), filter };
}

/** Writes it as {@link parsePlace} reads it. */
export function formatPlace({ resource = "", filter }: Place): string {
  const params = new URLSearchParams();
  for (const part of PARTS) if (filter[part] !== "") params.set(part, filter[part]);
  const query = params.toString();
  return `#${resource}${query === "" ? "" : `?${query}`}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
