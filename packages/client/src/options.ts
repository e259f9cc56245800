import { KrmClientError } from "./error.ts";
import { KeptAnswers } from "./kept-answers.ts";
import { LONGEST_TIMER, systemTiming, type Timing } from "./timing.ts";

/** What a client may keep of answers. */
export interface CacheOptions {
  /** Bytes of bodies that may be held, all together. A body that is larger is not kept. */
  readonly maxBytes: number;
}

/** How a client reaches its server. */
export interface KrmClientOptions {
  /** Where the server is mounted: `http://127.0.0.1:8003`, or with a path before the routes. */
  readonly url: string | URL;
  /** A bearer token. At most one of `token` and `tokenFile`. */
  readonly token?: string | undefined;
  /**
   * A file that holds the bearer token. It is read anew for each request, so that a rotated token is taken up; and after a
   * 401, which is the answer only if the file still holds the token that was refused, or the next one is refused too.
   */
  readonly tokenFile?: string | undefined;
  /** Sends the token over plain HTTP to other machines too, where anyone on the way can read it. Default: false. */
  readonly allowInsecureToken?: boolean | undefined;
  /** What sends requests; default: the global `fetch`. An own one brings a CA of one's own, a proxy, or a socket path. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Milliseconds that a call may take, with its retries. Default: 30 000. */
  readonly timeoutMs?: number | undefined;
  /** How often a call is repeated after 408, 429, 503 and connection errors. A watch goes by its own rules. Default: 3. */
  readonly retries?: number | undefined;
  /**
   * Keeps the last body of each list (of its first page), and asks whether it is still the one (`If-None-Match`). A list that has not changed
   * then costs no transfer; the server is asked all the same, decides again who may read, and says how far the list can
   * be trusted now. What one token was answered is never given to another. Default: nothing is kept.
   */
  readonly cache?: CacheOptions | undefined;
  /** Time and chance, for tests. */
  readonly timing?: Timing | undefined;
}

/** The options with everything decided. */
export interface Connection {
  /** Without a slash at the end. */
  readonly base: string;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  /** What it asks with is looked up anew for each request: one that was refused may be followed by another. */
  readonly renewsToken: boolean;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
  readonly retries: number;
  /** Undefined: nothing is kept. */
  readonly kept: KeptAnswers | undefined;
  readonly timing: Timing;
}

const OPTIONS: ReadonlySet<string> = new Set<keyof KrmClientOptions>([
  "url",
  "token",
  "tokenFile",
  "allowInsecureToken",
  "fetch",
  "timeoutMs",
  "retries",
  "cache",
  "timing",
]);
const CACHE_OPTIONS: ReadonlySet<string> = new Set<keyof CacheOptions>(["maxBytes"]);

/** Checks options and fills in what they leave open. @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`, `KRM_CLIENT_INSECURE_TOKEN`. */
export function connectionOf(options: KrmClientOptions): Connection {
  refuseUnknown(options, OPTIONS, "KrmClient");
  const url = parseUrl(options.url);
  const { token, tokenFile } = options;
  if (token !== undefined && tokenFile !== undefined)
    throw invalid("both token and tokenFile are given", "give one of them");
  // The text of the token itself must not end up in a message.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw invalid("token is empty or holds white space", "trim it");
  const carriesToken = token !== undefined || tokenFile !== undefined;
  if (carriesToken && url.protocol === "http:" && !isLoopback(url.hostname) && options.allowInsecureToken !== true)
    throw new KrmClientError("KRM_CLIENT_INSECURE_TOKEN", `the token would go to ${url.host} over plain HTTP`, {
      hint: "use https, or allowInsecureToken: true where the network is trusted",
    });
  const send = options.fetch ?? globalThis.fetch;
  return {
    base: `${url.origin}${url.pathname.replace(/\/+$/, "")}`,
    token,
    tokenFile,
    renewsToken: tokenFile !== undefined,
    // Called as nobody's method: as any other, a browser refuses it.
    fetch: async (input, init) => send(input, init),
    timeoutMs: timeout(options.timeoutMs ?? 30_000),
    retries: wholeNumber("retries", options.retries ?? 3, 0),
    kept: options.cache && keptAnswers(options.cache),
    timing: options.timing ?? systemTiming,
  };
}

function keptAnswers(options: CacheOptions): KeptAnswers {
  refuseUnknown(options, CACHE_OPTIONS, "cache");
  return new KeptAnswers(wholeNumber("cache.maxBytes", options.maxBytes, 1));
}

/** Refuses options that do not exist, by name. */
export function refuseUnknown(options: object, known: ReadonlySet<string>, where: string): void {
  const unknown = Object.keys(options).find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw invalid(`${where} has no option ${JSON.stringify(unknown)}`, `options: ${[...known].join(", ")}`);
}

/** A whole number of at least `least`, or an error that names the option. */
export function wholeNumber(
  name: string,
  value: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw invalid(`${name} is ${String(value)}`, `give a whole number ${range}`);
}

/** A time that a call may take, checked. */
export function timeout(value: number): number {
  return wholeNumber("timeoutMs", value, 1, LONGEST_TIMER);
}

/** An error for an argument that cannot be. */
export function invalid(message: string, hint: string): KrmClientError {
  return new KrmClientError("KRM_CLIENT_INVALID_ARGUMENT", message, { hint });
}

function parseUrl(given: string | URL): URL {
  const hint = "write it like http://127.0.0.1:8003";
  const url = URL.parse(String(given));
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw invalid(`url is ${JSON.stringify(redacted(String(given)))}, which is no http or https address`, hint);
  if (url.username !== "" || url.password !== "")
    throw invalid("url holds a user or a password", "use token or tokenFile");
  if (url.search !== "" || url.hash !== "") throw invalid("url holds a query or a fragment", hint);
  return url;
}

function redacted(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//***@");
}

/** Whether a URL's host is this machine by its very name. Names that only resolve to it do not count. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
