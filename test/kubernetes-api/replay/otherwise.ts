/** What a KRM server answers instead. */
export interface Otherwise {
  readonly why: string;
  readonly status: number;
  /** Of the Status that is the body, or the first frame of the stream; undefined: it is none. */
  readonly reason: string | undefined;
}

const WRITE: Otherwise = {
  why: "nothing can be written, so that nothing of what is sent is looked at",
  status: 405,
  reason: "MethodNotAllowed",
};
const AUTHORIZATION = "who may see what is the authenticator's to say: a token that it knows may read all";

/** Steps that a KRM server answers otherwise than the API server did. */
export const NOT_AS_RECORDED: ReadonlyMap<string, Otherwise> = new Map<string, Otherwise>([
  [
    "03/8 GET /api/v1/namespaces/rec/pods?resourceVersion=1&resourceVersionMatch=Exact",
    {
      why: "only versions that are in a view, or were handed out in part, can be had exactly",
      status: 410,
      reason: "Expired",
    },
  ],
  [
    "08/1 GET /api/v1/namespaces/rec/pods?watch=1&resourceVersion=1",
    { why: "what happened before the view was followed is not known here", status: 200, reason: "Expired" },
  ],
  ["09/3 GET /api/v1/namespaces/rec/pods", { why: AUTHORIZATION, status: 401, reason: "Unauthorized" }],
  ["09/5 GET /api/v1/namespaces/rec/pods", { why: AUTHORIZATION, status: 200, reason: undefined }],
  ["09/6 POST /api/v1/namespaces/rec/pods", WRITE],
  ["09/10 POST /api/v1/namespaces/rec/pods", WRITE],
  [
    "09/12 GET /nothing/here",
    {
      why: "an unknown path outside of the Kubernetes API is KRM's own 404, a Status",
      status: 404,
      reason: "NotFound",
    },
  ],
  ["11/9 GET /healthz", { why: "KRM's own are /livez and /readyz", status: 404, reason: "NotFound" }],
  ["12/6 POST /apis/coordination.k8s.io/v1/namespaces/rec/leases", WRITE],
  ["12/8 PUT /apis/coordination.k8s.io/v1/namespaces/rec/leases/krm", WRITE],
  [
    "14/0 GET /api/v1/namespaces/rec/pods?watch=1&allowWatchBookmarks=true&resourceVersion=254",
    {
      why: "what etcd has compacted is still known here, so that the watch goes on",
      status: 200,
      reason: undefined,
    },
  ],
]);

const PRIVATE = "no answer may be shared between readers, discovery neither";

/** Steps with other headers, and why. */
export const HEADERS_OTHERWISE: ReadonlyMap<string, string> = new Map([
  ["11/7 GET /api", PRIVATE],
  ["11/8 GET /apis", PRIVATE],
]);

/** Steps with defaults that stand elsewhere among the members of their object: the simulated cluster puts them there. */
export const ORDERED_OTHERWISE: ReadonlySet<string> = new Set([
  "10/13 GET /api/v1/namespaces/team-0/pods?includeObject=Object",
]);
