const WATCH = "watches are not served yet";
const WRITE = "nothing can be written, so that nothing of what is sent is looked at";
const AUTHORIZATION = "who may see what is the authenticator's to say: a token that it knows may read all";

/** Steps that a KRM server answers otherwise than the API server did, and why. */
export const NOT_AS_RECORDED: ReadonlyMap<string, string> = new Map([
  [
    "03/8 GET /api/v1/namespaces/rec/pods?resourceVersion=1&resourceVersionMatch=Exact",
    "only versions that are in a view, or were handed out in part, can be had exactly",
  ],
  ["05/7 GET /api/v1/namespaces/rec/pods?watch=1&allowWatchBookmarks=true&resourceVersion=215", WATCH],
  ["05/10 GET /api/v1/namespaces/rec/services?watch=1&resourceVersion=215", WATCH],
  ["06/3 GET /api/v1/namespaces/rec/pods?watch=1&labelSelector=color%3Dred&resourceVersion=232", WATCH],
  [
    "07/0 GET /api/v1/namespaces/rec/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
    WATCH,
  ],
  [
    "07/1 GET /api/v1/namespaces/rec/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0",
    WATCH,
  ],
  ["07/2 GET /api/v1/namespaces/rec/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", WATCH],
  [
    "07/4 GET /api/v1/namespaces/rec/pods?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
    WATCH,
  ],
  ["07/5 GET /api/v1/namespaces/rec/pods?watch=1", WATCH],
  ["07/6 GET /api/v1/namespaces/rec/pods?watch=1&resourceVersion=0", WATCH],
  ["08/0 GET /api/v1/namespaces/rec/pods?watch=1&timeoutSeconds=1&resourceVersion=238", WATCH],
  ["08/1 GET /api/v1/namespaces/rec/pods?watch=1&resourceVersion=1", WATCH],
  ["08/2 GET /api/v1/namespaces/rec/pods?watch=1&resourceVersion=100238", WATCH],
  ["08/4 GET /api/v1/namespaces/rec/pods?watch=nope", WATCH],
  ["08/6 GET /api/v1/watch/namespaces/rec/pods?resourceVersion=238&timeoutSeconds=1", WATCH],
  ["09/3 GET /api/v1/namespaces/rec/pods", AUTHORIZATION],
  ["09/5 GET /api/v1/namespaces/rec/pods", AUTHORIZATION],
  ["09/6 POST /api/v1/namespaces/rec/pods", WRITE],
  ["09/10 POST /api/v1/namespaces/rec/pods", WRITE],
  ["09/12 GET /nothing/here", "an unknown path outside of the Kubernetes API is KRM's own 404, a Status"],
  ["10/14 GET /api/v1/namespaces/team-0/pods?watch=1&timeoutSeconds=1", WATCH],
  ["11/9 GET /healthz", "KRM's own are /livez and /readyz"],
  ["12/6 POST /apis/coordination.k8s.io/v1/namespaces/rec/leases", WRITE],
  ["12/8 PUT /apis/coordination.k8s.io/v1/namespaces/rec/leases/krm", WRITE],
  ["13/2 GET /api/v1/namespaces/rec/pods?watch=1&resourceVersion=253&allowWatchBookmarks=true", WATCH],
  ["14/0 GET /api/v1/namespaces/rec/pods?watch=1&allowWatchBookmarks=true&resourceVersion=254", WATCH],
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
