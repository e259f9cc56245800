import { type HeaderSource, headerIn } from "./header-source.ts";

/**
 * How a watch asks to be told, in each bookmark, when the view last heard from its own source. Who reads on for others (a
 * KRM whose source is a KRM) needs it: that the server speaks says nothing of the cluster.
 */
export const TELL: {
  /** The request header; its value is a comma list of what is to be told. */
  readonly header: "KRM-Tell";
  readonly lastContact: "last-contact";
} = { header: "KRM-Tell", lastContact: "last-contact" };

/** The annotation of such bookmarks: RFC 3339, UTC, milliseconds, as in `KRM-Last-Contact`. */
export const LAST_CONTACT_ANNOTATION = "krm.dev/last-contact";

/** Whether a request asks for that. What else it asks to be told, this version does not know, and passes over. */
export function asksForLastContact(headers: HeaderSource): boolean {
  const asked = headerIn(headers, TELL.header)?.split(",") ?? [];
  return asked.some((one) => one.trim().toLowerCase() === TELL.lastContact);
}
