import { KrmError, type KrmErrorCode } from "@krm/core";

interface Rule {
  /** SQLSTATEs, codes of the network and of TLS. */
  readonly codes?: readonly string[];
  readonly words?: RegExp;
  readonly code: KrmErrorCode;
  readonly what: string;
  readonly hint?: string;
}

const RULES: readonly Rule[] = [
  {
    codes: ["ECONNREFUSED"],
    code: "KRM_STORE_FAILED",
    what: "the connection was refused",
    hint: "Is the server running, and is this its port?",
  },
  {
    codes: ["ENOTFOUND", "EAI_AGAIN"],
    code: "KRM_STORE_FAILED",
    what: "the name cannot be resolved",
    hint: "Check the host in the URL, and the DNS of this machine.",
  },
  {
    codes: ["EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"],
    words: /timeout/i,
    code: "KRM_STORE_FAILED",
    what: "it does not answer",
    hint: "Check the host, the network and firewalls.",
  },
  {
    codes: ["28P01"],
    code: "KRM_STORE_UNUSABLE",
    what: "the user or the password is wrong",
    hint: "Check both in the URL; what is special in a URL, as @ and /, is written as %40 and %2F.",
  },
  {
    words: /SASL|client password must be a string/,
    code: "KRM_STORE_UNUSABLE",
    what: "it wants a password",
    hint: "Write postgres://USER:PASSWORD@HOST/DATABASE.",
  },
  {
    codes: ["28000"],
    code: "KRM_STORE_UNUSABLE",
    what: "it does not let this user in",
    hint: "Check the user in the URL, and pg_hba.conf of the server.",
  },
  {
    codes: ["3D000"],
    code: "KRM_STORE_UNUSABLE",
    what: "this database does not exist",
    hint: "Make it with `createdb`, or name another in the URL.",
  },
  {
    codes: ["42501"],
    code: "KRM_STORE_UNUSABLE",
    what: "the user may not do this",
    hint: "Let the user own the database, or grant it CREATE on its schema public; the table krm must be its own.",
  },
  {
    codes: ["25006"],
    code: "KRM_STORE_UNUSABLE",
    what: "it is read-only",
    hint: "Name the primary: a standby takes no writes.",
  },
  {
    codes: ["22P05", "22021"],
    code: "KRM_STORE_UNUSABLE",
    what: "the database cannot hold all characters",
    hint: "Make it with ENCODING 'UTF8'.",
  },
  {
    codes: ["53300"],
    code: "KRM_STORE_FAILED",
    what: "it has no connection left",
    hint: "Raise max_connections, or end what holds them.",
  },
  { codes: ["53100"], code: "KRM_STORE_FAILED", what: "its disk is full", hint: "Make room." },
  { codes: ["57P01", "57P02", "57P03"], code: "KRM_STORE_FAILED", what: "it is starting up or shutting down" },
  {
    words: /does not support SSL/,
    code: "KRM_STORE_UNUSABLE",
    what: "it does not speak TLS",
    hint: "Turn TLS on at the server, or leave sslmode out of the URL where the network is trusted.",
  },
  {
    codes: [
      "SELF_SIGNED_CERT_IN_CHAIN",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    ],
    code: "KRM_STORE_UNUSABLE",
    what: "its certificate is signed by an authority that is not known here",
    hint: "Name the authority: sslrootcert=FILE in the URL.",
  },
  {
    codes: ["ERR_TLS_CERT_ALTNAME_INVALID"],
    code: "KRM_STORE_UNUSABLE",
    what: "its certificate is for another name",
    hint: "Use a name from the certificate in the URL.",
  },
  {
    codes: ["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"],
    code: "KRM_STORE_UNUSABLE",
    what: "its certificate is not valid at this time",
    hint: "Renew the certificate, or check this machine's clock.",
  },
  {
    codes: ["ENOENT", "EACCES"],
    code: "KRM_STORE_UNUSABLE",
    what: "a file that its URL names cannot be read",
    hint: "Check sslrootcert, sslcert and sslkey, or the socket's folder.",
  },
];

/** What a failure of PostgreSQL, of its client or of the network means, in a sentence about the server. */
export function postgresFailure(server: string, error: unknown, doing: "read" | "write"): KrmError {
  const words = wordsOf(error);
  const code = (error as { code?: unknown } | undefined)?.code;
  const rule = RULES.find(
    (one) => (typeof code === "string" && one.codes?.includes(code) === true) || one.words?.test(words) === true,
  );
  const what = rule?.what ?? `it could not be ${doing === "read" ? "read" : "written"}`;
  return new KrmError(rule?.code ?? "KRM_STORE_FAILED", `${server}: ${what} (${words})`, {
    cause: error,
    hint: rule?.hint,
  });
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A name with several addresses: one error for each, and no words of its own.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(wordsOf).join("; ");
  return error.message;
}
