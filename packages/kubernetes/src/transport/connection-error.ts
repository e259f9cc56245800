import { KrmError } from "@krm/core";

const HINTS: readonly (readonly [codes: readonly string[], what: string, hint: string])[] = [
  [["ECONNREFUSED"], "the connection was refused", "is the API server running, and is this its port?"],
  [
    ["ENOTFOUND", "EAI_AGAIN", "EAI_NONAME"],
    "the name cannot be resolved",
    "check the server's name and the DNS of this machine",
  ],
  [["EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"], "there is no route to it", "check the network or the VPN"],
  [["UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT"], "connecting took too long", "check the network, the VPN and firewalls"],
  [["UND_ERR_HEADERS_TIMEOUT"], "it took the request and did not answer in time", "the API server may be overloaded"],
  [
    ["UND_ERR_BODY_TIMEOUT"],
    "it stopped in the middle of the answer",
    "the API server may be overloaded, or the network broke",
  ],
  [
    ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "UND_ERR_ABORTED"],
    "the connection broke",
    "",
  ],
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
    "check certificate-authority-data of the cluster",
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
  [["UND_ERR_CLOSED", "UND_ERR_DESTROYED"], "this source was closed", ""],
  [["UND_ERR_PRX_TLS", "UND_ERR_PRX_CONN"], "the proxy did not let it through", "check proxy-url of the cluster"],
];

/** An error of the network, said so that a person knows which server, what happened, and what to look at. */
export function connectionError(cause: unknown, server: URL, what: string): KrmError {
  if (KrmError.is(cause)) return cause;
  const chain = causes(cause);
  const codes = chain.map((error) => (error as { code?: unknown }).code);
  const known = HINTS.find(([names]) => codes.some((code) => typeof code === "string" && names.includes(code)));
  const told = chain.at(-1)?.message ?? String(cause);
  // Parser errors come with the bytes that could not be parsed in their data, never in their message.
  const why = known === undefined ? told : known[1];
  const code = codes.find((one) => typeof one === "string");
  const message = `${server.origin}: ${why}${typeof code === "string" ? ` (${code})` : ""}, ${what}`;
  return new KrmError("KRM_CONNECTION", message, { cause, hint: known?.[2] === "" ? undefined : known?.[2] });
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
