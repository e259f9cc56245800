import { KrmError } from "@krm/core";

type Meaning = readonly [codes: readonly string[], what: string, hint: string];

/** Of the API server, or of the proxy where there is one. */
const UNREACHABLE: readonly Meaning[] = [
  [["ECONNREFUSED"], "the connection was refused", "is the API server running, and is this its port?"],
  [
    ["ENOTFOUND", "EAI_AGAIN", "EAI_NONAME"],
    "the name cannot be resolved",
    "check the server's name and the DNS of this machine",
  ],
  [["EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"], "there is no route to it", "check the network or the VPN"],
  [["UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT"], "connecting took too long", "check the network, the VPN and firewalls"],
];

/** A connection that came about and did not last. */
const BROKEN: Meaning = [
  ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "UND_ERR_ABORTED"],
  "the connection broke",
  "",
];

const MEANINGS: readonly Meaning[] = [
  [["UND_ERR_PRX_TLS", "UND_ERR_PRX_CONN"], "the proxy did not let it through", "check proxy-url of the cluster"],
  [["UND_ERR_HEADERS_TIMEOUT"], "it took the request and did not answer in time", "the API server may be overloaded"],
  [
    ["UND_ERR_BODY_TIMEOUT"],
    "it stopped in the middle of the answer",
    "the API server may be overloaded, or the network broke",
  ],
  BROKEN,
  [
    [
      "SELF_SIGNED_CERT_IN_CHAIN",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UNABLE_TO_GET_ISSUER_CERT",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    ],
    "its certificate is signed by an authority that the kubeconfig does not name",
    "check certificate-authority-data of the cluster: it may belong to another or older cluster",
  ],
  [
    ["CERT_SIGNATURE_FAILURE"],
    "its certificate was not signed by the kubeconfig's authority",
    "check certificate-authority-data of the cluster; the kubeconfig is read at the start, so restart after a change",
  ],
  [
    ["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"],
    "its certificate is not valid at this time",
    "renew the certificate, or check this machine's clock",
  ],
  [
    ["ERR_TLS_CERT_ALTNAME_INVALID"],
    "its certificate is for another name",
    "use a name from the certificate, or set tls-server-name in the kubeconfig",
  ],
  [
    ["ERR_SSL_WRONG_VERSION_NUMBER", "EPROTO", "ERR_SSL_PACKET_LENGTH_TOO_LONG"],
    "it does not speak TLS",
    "is the server's URL meant to start with http:// ?",
  ],
  [
    ["ERR_OSSL_X509_KEY_VALUES_MISMATCH"],
    "the client certificate and the client key do not belong together",
    "check client-certificate and client-key of the user",
  ],
  [["UND_ERR_CLOSED", "UND_ERR_DESTROYED"], "this source was closed", ""],
];

/** Errors that a code alone does not tell. */
function byWords(chain: readonly Error[]): readonly [what: string, hint: string] | undefined {
  for (const { name, message } of chain) {
    const refused = /^Proxy response \((\d+)\)/.exec(message);
    if (refused !== null) {
      const { 1: status } = refused;
      const hint =
        status === "407" ? "give the user and password in proxy-url" : "check proxy-url and the proxy's rules";
      return [`the proxy answered ${status} and did not let it through`, hint];
    }
    if (name === "HTTPParserError") return ["it does not speak HTTP", "is this the port of an API server?"];
    if (/alert (?:bad certificate|unknown ca|certificate (?:required|expired|revoked|unknown))/.test(message)) {
      return ["it refused the client certificate", "renew client-certificate-data of the user, or log in again"];
    }
  }
  return undefined;
}

/** Where a request went. */
export interface Route {
  readonly server: URL;
  /** Without a password. */
  readonly proxy: string | undefined;
}

/** An error of the network, said so that a person knows which server, what happened, and what to look at. */
export function connectionError(cause: unknown, { server, proxy }: Route, what: string): KrmError {
  if (KrmError.is(cause)) return cause;
  const chain = causes(cause);
  const codes = chain.map((error) => (error as { code?: unknown }).code).filter((code) => typeof code === "string");
  const meant = (meanings: readonly Meaning[]): Meaning | undefined =>
    meanings.find(([names]) => codes.some((code) => names.includes(code)));
  const unreachable = meant(UNREACHABLE);
  const [, ...known] = unreachable ?? meant(MEANINGS) ?? [];
  // Parser errors come with the bytes that could not be parsed in their data, never in their message.
  const [why, ownHint] = byWords(chain) ?? [known[0] ?? chain.at(-1)?.message ?? String(cause), known[1]];
  const plain = why === BROKEN[1] && server.protocol === "http:";
  const hint =
    unreachable !== undefined && proxy !== undefined
      ? "check proxy-url of the cluster, and the network"
      : plain
        ? "is the server's URL meant to start with https:// ?"
        : ownHint;
  const code = codes[0] === undefined ? "" : ` (${codes[0]})`;
  const through = proxy === undefined ? "" : `, through the proxy ${proxy}`;
  return new KrmError("KRM_CONNECTION", `${server.origin}: ${why}${code}${through}, ${what}`, {
    cause,
    hint: hint === "" ? undefined : hint,
  });
}

/** The error and what caused it; of several that came together (one for each address) the first. */
function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  let current = error;
  while (current instanceof Error && chain.length < 10) {
    chain.push(current);
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return chain;
}
