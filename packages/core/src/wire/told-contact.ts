/**
 * By what a source that is no API server, but another KRM, tells when it had last heard from its own source. An API server
 * knows none of it. `@krm/protocol` has the same names for whoever serves or reads KRM's API.
 */
export const TOLD_CONTACT: {
  /** The request header by which a watch asks for it in its bookmarks. */
  readonly ask: { readonly header: "KRM-Tell"; readonly value: "last-contact" };
  /** The annotation of a bookmark that tells it: RFC 3339, UTC. */
  readonly annotation: "krm.dev/last-contact";
  /** The header of every answer that tells it as of the answer. */
  readonly header: "KRM-Last-Contact";
} = {
  ask: { header: "KRM-Tell", value: "last-contact" },
  annotation: "krm.dev/last-contact",
  header: "KRM-Last-Contact",
};

const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/** The moment that a source tells: wall clock, epoch milliseconds. Undefined: it tells none, or it is no RFC 3339 in UTC. */
export function toldContact(text: unknown): number | undefined {
  if (typeof text !== "string" || !UTC.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** What was had at `at` proves nothing newer than what its source had heard by then; a time in the future counts as now. */
export function asOf(at: number, heardAt: number | undefined): number {
  return heardAt === undefined ? at : Math.min(at, heardAt);
}
