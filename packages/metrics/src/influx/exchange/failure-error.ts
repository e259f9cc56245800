import { KrmError } from "@krm/core";
import type { BlockedReason, Outcome } from "./classify-failure.ts";
import { type InfluxTarget, placeName, targetName } from "../target.ts";

/** An outcome after which the lines wait. */
export type Failure = Outcome & { readonly type: "blocked" | "retry" | "unreachable" };

type Meaning = readonly [codes: readonly string[], what: string, hint: string];

const BROKEN: readonly string[] = ["ECONNRESET", "EPIPE"];
const MEANINGS: readonly Meaning[] = [
  [["ECONNREFUSED"], "the connection was refused", "is InfluxDB running, and is this its port?"],
  [["ENOTFOUND", "EAI_AGAIN", "EAI_NONAME"], "the name cannot be resolved", "check the host of the URL and the DNS"],
  [["EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"], "there is no route to it", "check the network"],
  [["ETIMEDOUT"], "it did not answer in time", "the server may be overloaded, or a firewall swallows the packets"],
  [BROKEN, "the connection broke", "if it stays, look at what stands in between"],
  [
    [
      "SELF_SIGNED_CERT_IN_CHAIN",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UNABLE_TO_GET_ISSUER_CERT",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "CERT_SIGNATURE_FAILURE",
    ],
    "its certificate is signed by an authority that is not trusted here",
    "name the authority's PEM file by NODE_EXTRA_CA_CERTS",
  ],
  [["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"], "its certificate is not valid now", "renew it, or check the clock"],
  [["ERR_TLS_CERT_ALTNAME_INVALID"], "its certificate is for another name", "use a name that is in the certificate"],
  [
    ["EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"],
    "it does not speak TLS",
    "is the URL meant to start with http:// ?",
  ],
];

/**
 * A failure as an error: `KRM_CONNECTION` where there was no answer, else `KRM_METRICS_REFUSED`. The message names the
 * server and has its words, the hint says the mend; neither holds a secret.
 *
 * @param uncreated why a missing database could not be created, where that was tried
 */
export function failureError(failure: Failure, target: InfluxTarget, uncreated?: string): KrmError {
  const server = `InfluxDB at ${targetName(target)}`;
  switch (failure.type) {
    case "unreachable":
      return unreachableError(failure, server, target.url);
    case "retry": {
      const what = `${server} answered ${failure.status} to a write${said(failure.words)}`;
      return new KrmError("KRM_METRICS_REFUSED", what, {
        hint: "it is tried again by itself; the server's log may say more",
      });
    }
    case "blocked": {
      const [what, hint] = blocked(failure.reason, target, uncreated);
      return new KrmError("KRM_METRICS_REFUSED", `${server} ${what} (${failure.status})${said(failure.words)}`, {
        hint,
      });
    }
    default:
      return failure satisfies never;
  }
}

function unreachableError(
  { code, words }: Failure & { readonly type: "unreachable" },
  server: string,
  url: string,
): KrmError {
  const meaning = MEANINGS.find(([codes]) => codes.includes(code));
  const garbled = code.startsWith("HPE_");
  const what = garbled ? "what it answered is not HTTP" : (meaning?.[1] ?? words);
  // What a server that speaks TLS does to one who does not.
  const plain = (garbled || BROKEN.includes(code)) && url.startsWith("http:");
  const hint = plain ? "if it stays: is the URL meant to start with https:// ?" : meaning?.[2];
  const detail = code === "" ? "" : ` (${code})`;
  return new KrmError("KRM_CONNECTION", `${server}: ${what}${detail}`, { hint });
}

function blocked(
  reason: BlockedReason,
  target: InfluxTarget,
  uncreated: string | undefined,
): readonly [string, string] {
  const place = placeName(target);
  const writer =
    target.api === "v2" ? "the token" : (target.user ?? "") === "" ? "a nameless user" : `the user ${target.user}`;
  switch (reason) {
    case "unauthorized":
      return [
        `does not accept ${target.api === "v2" ? "the token" : "the user and the password"}`,
        target.api === "v2" ? "give a token that it knows" : "give a user and a password that it knows",
      ];
    case "forbidden":
      return [`does not let ${writer} write to ${place}`, grant(target)];
    case "not-found":
      return uncreated === undefined
        ? [`does not have ${place}`, `create it, or name one that exists`]
        : [
            `does not have ${place}, and KRM could not create it: ${uncreated}`,
            `create it (CREATE DATABASE ${quotedName(target.api === "v1" ? target.database : "")}), or let ${writer} do so`,
          ];
    case "unexpected":
      return [
        "does not answer a write as InfluxDB does",
        target.api === "v2"
          ? "check the URL; InfluxDB before 1.8 knows no /api/v2/write: choose the API v1"
          : "check the URL; InfluxDB 2 without a mapping (DBRP) knows no /write: choose the API v2",
      ];
    default:
      return reason satisfies never;
  }
}

function grant(target: InfluxTarget): string {
  if (target.api === "v2") return `give a token that may write to the bucket ${JSON.stringify(target.bucket)}`;
  const { database, user = "" } = target;
  return user === ""
    ? "give a user that may write, and its password"
    : `GRANT WRITE ON ${quotedName(database)} TO ${quotedName(user)}`;
}

/** A name as InfluxQL quotes it: in double quotes, with backslashes before quotes, backslashes and line breaks. */
export function quotedName(name: string): string {
  return `"${name.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll("\n", String.raw`\n`)}"`;
}

function said(words: string): string {
  return words === "" ? "" : `: ${words}`;
}
