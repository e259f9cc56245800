/** Codes of OpenSSL and Node.js for a certificate by an authority that is not trusted here. */
const UNTRUSTED = new Set([
  "CERT_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What to say when a KRM server was not reached. */
export function connectionMend(error: Error): { readonly message: string; readonly hint: string } {
  const code = innermostCode(error);
  const message = error.message.split("; ")[0] ?? error.message;
  if (UNTRUSTED.has(code)) {
    return {
      message,
      hint: "Name the authority that signed its certificate: NODE_EXTRA_CA_CERTS=FILE before the command.",
    };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return { message, hint: "Name the server in --server as its certificate does." };
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") {
    // OpenSSL's own words are a line of its source code.
    const [cannot = message] = /^cannot reach \S+(?=: )/.exec(message) ?? [];
    return { message: `${cannot}: it does not answer with TLS`, hint: "Write http: in --server, or ask another port." };
  }
  return {
    message: error.message,
    hint: "Start a server with krm monitor --serve or krm demo, or name one with --server URL.",
  };
}

function innermostCode(error: Error): string {
  let innermost: Error = error;
  while (innermost.cause instanceof Error) innermost = innermost.cause;
  return "code" in innermost && typeof innermost.code === "string" ? innermost.code : "";
}
