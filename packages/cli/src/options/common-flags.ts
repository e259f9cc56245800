import { type AuthChoice, parseAuth } from "./auth.ts";
import { parseByteSize } from "./byte-size.ts";
import { Flag, flag } from "./flag.ts";
import { formatHostPort, type HostPort, parseHostPort } from "./listen-address.ts";
import { oneOf } from "./names.ts";
import { wholeNumber } from "./number.ts";

/** What `--log-level` can be, from the most to the least talkative. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What every command takes: `--log-level` also decides whether an error is told with its stack. */
export interface CommonOptions {
  readonly logLevel: LogLevel;
}

/** `--log-level` */
export function logLevelFlag(): Flag {
  return flag("--log-level <LEVEL>", `how much is told on stderr: ${LOG_LEVELS.join(", ")}`, {
    ...oneOf(LOG_LEVELS),
    default: "info",
  });
}

/** `--listen` with the address that it has unless told otherwise. */
export function listenFlag(address: HostPort): Flag {
  return flag("--listen <HOST:PORT>", "where to serve readers; port 0 takes any free one", {
    parse: parseHostPort,
    default: address,
    shown: formatHostPort(address),
  });
}

/** What a command that serves readers takes beside `--listen`. */
export interface ServerFlagOptions {
  readonly listen: HostPort;
  readonly auth?: AuthChoice;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly maxWatchesPerUser?: number;
  /** Bytes. */
  readonly maxListSize?: number;
  /** A path, or `-`. */
  readonly auditLog?: string;
  readonly forwardUncached?: boolean;
}

/** The names of {@link serverFlags} as commander has them. */
export const SERVER_OPTIONS: readonly (keyof ServerFlagOptions)[] = [
  "listen",
  "auth",
  "tlsCert",
  "tlsKey",
  "tlsClientCa",
  "maxWatchesPerUser",
  "maxListSize",
  "auditLog",
  "forwardUncached",
];

/** What `--auth tokenreview` means, for help texts. */
export const TOKEN_REVIEW_HELP = `With --auth tokenreview the cluster decides: a reader sends a bearer token that the API server knows (a TokenReview
says whose it is) and may get, list and watch here what they may there, by the same verb, resource, namespace and name (a
SubjectAccessReview); /metrics, /status, / and /openapi.json by nonResourceURLs. Answers hold for ten seconds; while the API
server does not answer, readers get 503. tokenreview:AUDIENCE takes only tokens issued for that audience. Rights needed:
the ClusterRole system:auth-delegator.`;

/** What `--tls-client-ca` means, for help texts. */
export const CLIENT_CA_HELP = `With --tls-client-ca a reader may bring a client certificate in place of a token, as to the API server: its CN is the
user, each O a group. With --auth tokenreview that user may read what the cluster lets them; so give the cluster's own client
CA, or one whose names the cluster means. With --auth static:FILE every certificate by it reads everything.`;

/** What the limits are for, for help texts. */
export const LIMITS_HELP = `A user who asks for too much is refused, and nobody else: one more watch than --max-watches-per-user is a 429 with
Retry-After (without --auth all readers are one user), and a list of more than --max-list-size is a 413 that says which
pages to ask for. With --max-list-size, limit counts with resourceVersion=0 too, as informers list first.`;

/** What `--audit-log` writes, for help texts. */
export const AUDIT_LOG_HELP = `With --audit-log every request of a reader is one line of JSON, an Event of audit.k8s.io/v1 at level Metadata, refused ones
included: who, from where, what, and how it was answered; never a token, never an object. /livez and /readyz are left out. The
file is made with mode 0600, appended to, and made anew when it was moved away (logrotate needs no signal). Answers do not
wait for it: what cannot be written for long is lost, told in the log, and counted in krm_audit_events_total.`;

/** What `--forward-uncached` means, for help texts. */
export const FORWARD_HELP = `With --forward-uncached one kubeconfig is enough for all that reads: what is not held here (other resources, namespaces
that are not watched, logs and other subresources, discovery, what kubectl explain asks) is sent on to the API server with
the reader's own token, never with credentials of KRM's, and answered as it answers. Writes, exec, attach, port-forward and
proxy are not sent on, nor is who is known by a client certificate. It goes with --auth tokenreview, or with a loopback
address and no --auth. kubectl sends tokens over HTTPS only: give it --tls-cert and --tls-key.`;

/** `--auth`, `--tls-cert`, `--tls-key`, `--tls-client-ca`, `--max-watches-per-user`, `--max-list-size`, `--audit-log`, `--forward-uncached` */
export function serverFlags(): readonly Flag[] {
  return [
    flag(
      "--auth <HOW>",
      "who may read: tokenreview[:AUDIENCE,...] (as the cluster decides), static:FILE (one token a line) or none (everyone who reaches the address)",
      { parse: parseAuth },
    ),
    flag("--tls-cert <FILE>", "serve HTTPS with this certificate (PEM)"),
    flag("--tls-key <FILE>", "and this key, which belongs to it (PEM)"),
    flag(
      "--tls-client-ca <FILE>",
      "also let in who brings a certificate by one of these authorities (PEM); followed as the certificate is",
    ),
    flag(
      "--max-watches-per-user <N>",
      "how many watches one user may have open; 0: any number (default: 1000, which keeps what one user's slow readers hold within 1 GiB)",
      { parse: wholeNumber({ min: 0, max: 1_000_000 }) },
    ),
    flag(
      "--max-list-size <BYTES>",
      "how much one list answer may hold, counted as stored, such as 64Mi; larger lists must be asked for in pages (default: any)",
      { parse: parseByteSize },
    ),
    flag("--audit-log <FILE>", "write down who read what, one JSON line a request; - is standard output"),
    new Flag("--forward-uncached", "send reads of what is not held on to the API server, as whoever asks"),
  ];
}
