/** Names of KRM's response headers, as they are written. HTTP compares them without regard to case. */
export const HEADERS: {
  /** How far the answer can be trusted, in one word: `ViewState`. */
  readonly state: "KRM-State";
  /** When the newest verified snapshot was asked for: RFC 3339, UTC, milliseconds. */
  readonly verifiedAt: "KRM-Verified-At";
  /** The version of that snapshot: everything up to it is certain. */
  readonly verifiedResourceVersion: "KRM-Verified-Resource-Version";
  /** The watch has told everything up to here, as far as the API server sent it. */
  readonly streamedThrough: "KRM-Streamed-Through";
  /** When the API server last said something that is in the view: RFC 3339, UTC, milliseconds. */
  readonly lastContact: "KRM-Last-Contact";
  /** Whether something was left out for want of a right, where `scope` was asked for: `all` or `accessible`. */
  readonly scope: "KRM-Scope";
  /** Of an `accessible` list: from how many namespaces it is. */
  readonly scopeNamespaces: "KRM-Scope-Namespaces";
  /** RFC 9111 `299 krm "…"`: why the answer deserves less trust. */
  readonly warning: "Warning";
  /** `true`: the answer is the API server's own, to which the request was sent on. Then none of those above is KRM's. */
  readonly forwarded: "KRM-Forwarded";
} = {
  state: "KRM-State",
  verifiedAt: "KRM-Verified-At",
  verifiedResourceVersion: "KRM-Verified-Resource-Version",
  streamedThrough: "KRM-Streamed-Through",
  lastContact: "KRM-Last-Contact",
  scope: "KRM-Scope",
  scopeNamespaces: "KRM-Scope-Namespaces",
  warning: "Warning",
  forwarded: "KRM-Forwarded",
};
