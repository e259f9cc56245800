import { neededRights } from "./needed-rights.ts";
import type { RedisTarget } from "./redis-target.ts";

/** What a failure of a client means. */
export interface ErrorMeaning {
  /** What happened, as the rest of a sentence about the server. */
  readonly what: string;
  /** What to do about it. Undefined where it passes by itself. */
  readonly hint?: string;
  /** `refused`: trying again will not help until somebody changes something. `vague`: another error may say more. */
  readonly weight: "refused" | "passing" | "vague";
}

/** How a failure is recognised, by any of these, and what it means. */
export interface ErrorRule {
  /** Of the network and of TLS, as Node.js has them. */
  readonly codes?: readonly string[];
  /** The first word of an error that the server answered with. */
  readonly replies?: readonly string[];
  /** What its message looks like. */
  readonly words?: RegExp;
  /** `sentinel`: it was a Sentinel that failed, and not the server itself. */
  readonly meaning: ErrorMeaning | ((target: RedisTarget, sentinel: boolean) => ErrorMeaning);
}

const refused = (what: string, hint: string): ErrorMeaning => ({ what, hint, weight: "refused" });
const passing = (what: string, hint?: string): ErrorMeaning => ({
  what,
  ...(hint === undefined ? {} : { hint }),
  weight: "passing",
});

function passwordPlace({ passwordFile }: RedisTarget, sentinel: boolean): string {
  if (sentinel) return "sentinelUser and sentinelPasswordFile in the URL";
  return passwordFile === undefined
    ? "the user and the password in the URL"
    : `the user in the URL, and ${passwordFile}`;
}

const NETWORK: readonly ErrorRule[] = [
  {
    codes: ["ECONNREFUSED"],
    meaning: passing("the connection was refused", "is the server running, and is this its port?"),
  },
  {
    // It may be there in a moment: in a cluster, the name of a service whose pods have not started.
    codes: ["ENOTFOUND", "EAI_NONAME"],
    meaning: passing("the name cannot be resolved", "check the host in the URL and the DNS of this machine"),
  },
  { codes: ["EAI_AGAIN"], meaning: passing("the name cannot be resolved now", "check the DNS of this machine") },
  {
    codes: ["EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"],
    meaning: passing("there is no route to it", "check the network and firewalls"),
  },
  { codes: ["ETIMEDOUT"], meaning: passing("connecting took too long", "check the host, the network and firewalls") },
  {
    codes: ["TLS_TIMEOUT"],
    meaning: passing(
      "it does not answer in TLS",
      "does this port speak TLS? If not, write redis instead of rediss, or name its TLS port",
    ),
  },
  {
    codes: [
      "SELF_SIGNED_CERT_IN_CHAIN",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UNABLE_TO_GET_ISSUER_CERT",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "CERT_SIGNATURE_FAILURE",
    ],
    meaning: ({ tls }) =>
      tls?.caFile === undefined
        ? refused("its certificate is signed by an authority that is not known here", "name the authority: ?ca=FILE")
        : refused("its certificate is not signed by the authority of the URL", `check what ${tls.caFile} holds`),
  },
  {
    codes: ["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"],
    meaning: refused(
      "its certificate is not valid at this time",
      "renew the certificate, or check this machine's clock",
    ),
  },
  {
    codes: ["ERR_TLS_CERT_ALTNAME_INVALID"],
    meaning: ({ type }) =>
      refused(
        "its certificate is for another name",
        type === "single"
          ? "use a name from the certificate in the URL"
          : "let the servers announce the names of their certificates (in a cluster: cluster-announce-hostname and cluster-preferred-endpoint-type hostname)",
      ),
  },
  {
    codes: ["ERR_SSL_WRONG_VERSION_NUMBER", "EPROTO", "ERR_SSL_PACKET_LENGTH_TOO_LONG"],
    words: /wrong version number|packet length too long/i,
    meaning: refused("it does not speak TLS", "write redis instead of rediss, or name its TLS port"),
  },
  {
    codes: ["ERR_OSSL_X509_KEY_VALUES_MISMATCH", "ERR_OSSL_PEM_NO_START_LINE"],
    meaning: refused("the client certificate and its key do not belong together", "check cert and key of the URL"),
  },
  {
    words:
      /alert (?:bad certificate|unsupported certificate|unknown ca|certificate (?:required|expired|revoked|unknown))/i,
    meaning: ({ tls }) =>
      refused(
        "it refused the client certificate",
        tls?.certFile === undefined ? "give one: ?cert=FILE&key=FILE" : `check what ${tls.certFile} holds`,
      ),
  },
  {
    words: /^Protocol error|Unknown RESP type/i,
    meaning: ({ tls }) =>
      refused(
        "its answer is not that of a Redis server",
        tls === undefined
          ? "does this port want TLS? Then write rediss instead of redis"
          : "is this the port of a Redis server?",
      ),
  },
];

const REPLIES: readonly ErrorRule[] = [
  {
    replies: ["WRONGPASS"],
    meaning: (target, sentinel) =>
      refused("the user or the password is wrong, or the user is off", `check ${passwordPlace(target, sentinel)}`),
  },
  {
    replies: ["NOAUTH"],
    meaning: (_, sentinel) =>
      refused(
        "it wants a password",
        sentinel ? "add sentinelPasswordFile=FILE" : "write redis://USER:PASSWORD@HOST, or add passwordFile=FILE",
      ),
  },
  {
    replies: ["NOPERM"],
    // How a script says it.
    words: /^ERR The user executing the script can't /,
    meaning: (target) => refused("the user may not do this", `grant the user ${neededRights(target)}`),
  },
  {
    replies: ["DENIED"],
    meaning: refused("it answers to its own machine only", "set a password on it, or protected-mode no"),
  },
  {
    replies: ["READONLY"],
    meaning: ({ type }) =>
      type === "single"
        ? refused("it is a read-only replica", "name the master, or all Sentinels with redis+sentinel://")
        : passing("it is no longer the master"),
  },
  { replies: ["LOADING"], meaning: passing("it is loading its data and not ready") },
  {
    replies: ["MASTERDOWN"],
    meaning: passing("it is a replica that has lost its master", "look at the master, or name it in the URL"),
  },
  {
    replies: ["OOM"],
    meaning: passing("its memory is full", "raise maxmemory, or keep fewer resources and a shorter history"),
  },
  {
    replies: ["MISCONF"],
    meaning: passing("it cannot save to disk and takes no writes", "look at its log and the room on its disk"),
  },
  {
    replies: ["NOREPLICAS"],
    meaning: passing("it takes no writes without enough replicas", "look at its replicas and min-replicas-to-write"),
  },
  {
    replies: ["CLUSTERDOWN"],
    words: /^cluster_state/,
    meaning: passing("the cluster is down", "`redis-cli --cluster check` says which slots nobody serves"),
  },
  {
    replies: ["CROSSSLOT"],
    words: /should belong to the same slot/,
    meaning: passing("the keys of one command are in different slots", "this is an error in KRM: please report it"),
  },
  {
    replies: ["MOVED", "ASK"],
    meaning: ({ type }) =>
      type === "cluster"
        ? passing("the slot is moving to another node")
        : refused("it is a node of a cluster", "write redis+cluster://HOST:PORT"),
  },
  { replies: ["TRYAGAIN"], meaning: passing("the slot is moving to another node") },
  { replies: ["NOSCRIPT"], meaning: passing("it has forgotten a script, and was not given it again") },
  {
    replies: ["BUSY"],
    meaning: passing("it is busy with a script", "`SCRIPT KILL` ends it, if it has written nothing"),
  },
  {
    replies: ["WRONGTYPE"],
    meaning: ({ prefix }) =>
      refused("a key holds something that KRM did not write", `leave ${prefix}:* to KRM, or choose another prefix=`),
  },
  {
    replies: ["NOPROTO"],
    words: /unknown command/,
    meaning: (_, sentinel) =>
      sentinel
        ? refused("it is no Sentinel", "name the port of the Sentinels (26379), or write redis:// for a single server")
        : refused("it does not know a command that KRM needs", "is it Redis 7.0 or Valkey 7.2, or newer?"),
  },
  {
    words: /cluster support disabled/,
    meaning: refused("it is not a node of a cluster", "write redis:// instead of redis+cluster://"),
  },
  {
    words: /DB index is out of range|SELECT is not allowed in cluster mode/,
    meaning: refused("it does not have this database", "name another at the end of the URL: redis://HOST:6379/0"),
  },
  {
    words: /max number of clients/,
    meaning: passing("it takes no more connections", "raise maxclients, or look who holds them"),
  },
];

const CONDITIONS: readonly ErrorRule[] = [
  {
    words: /^(?:Command timed out|Socket timeout\.|timeout$)/,
    meaning: passing("it did not answer in time", "is it overloaded or stopped? `SLOWLOG GET` shows long commands"),
  },
  {
    codes: ["ECONNRESET", "EPIPE"],
    words:
      /^(?:Connection is closed|Stream isn't writeable|Cluster isn't ready|Cluster is |Node is disc|None of startup nodes|Reached the max retries|Failed to refresh slots|Command aborted|socket hang up|Client network socket disconnected)/,
    meaning: { what: "there is no connection, or it broke before the answer came", weight: "vague" },
  },
];

/** In the order in which they are tried. */
export const ERROR_RULES: readonly ErrorRule[] = [...NETWORK, ...REPLIES, ...CONDITIONS];
