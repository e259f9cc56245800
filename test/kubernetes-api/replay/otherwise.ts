const WRITE = "nothing can be written, so that nothing of what is sent is looked at";
const AUTHORIZATION = "who may see what is the authenticator's to say: a token that it knows may read all";

/** Steps that a KRM server answers otherwise than the API server did, and why. */
export const NOT_AS_RECORDED: ReadonlyMap<string, string> = new Map([
  [
    "03/8 GET /api/v1/namespaces/rec/pods?resourceVersion=1&resourceVersionMatch=Exact",
    "only versions that are in a view, or were handed out in part, can be had exactly",
  ],
  [
    "08/1 GET /api/v1/namespaces/rec/pods?watch=1&resourceVersion=1",
    "what happened before the view was followed is not known here: 410 inside the stream",
  ],
  ["09/3 GET /api/v1/namespaces/rec/pods", AUTHORIZATION],
  ["09/5 GET /api/v1/namespaces/rec/pods", AUTHORIZATION],
  ["09/6 POST /api/v1/namespaces/rec/pods", WRITE],
  ["09/10 POST /api/v1/namespaces/rec/pods", WRITE],
  ["09/12 GET /nothing/here", "an unknown path outside of the Kubernetes API is KRM's own 404, a Status"],
  ["11/9 GET /healthz", "KRM's own are /livez and /readyz"],
  ["12/6 POST /apis/coordination.k8s.io/v1/namespaces/rec/leases", WRITE],
  ["12/8 PUT /apis/coordination.k8s.io/v1/namespaces/rec/leases/krm", WRITE],
  [
    "14/0 GET /api/v1/namespaces/rec/pods?watch=1&allowWatchBookmarks=true&resourceVersion=254",
    "what etcd has compacted is still known here, so that the watch goes on",
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
