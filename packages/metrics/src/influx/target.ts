import { KrmError } from "@krm/core";

/**
 * Which database to write to, and as whom. `url` is where the server's API begins: a path before `/write` or `/api/v2` is
 * kept (`https://proxy/influx`), a login in it is refused.
 */
export type InfluxTarget =
  | {
      /** InfluxDB 1.x: `/write`. */
      readonly api: "v1";
      readonly url: string;
      /** Created at the first contact where it is missing and the user may. */
      readonly database: string;
      readonly user?: string | undefined;
      readonly password?: string | undefined;
      /** @default the database's own */
      readonly retentionPolicy?: string | undefined;
    }
  | {
      /** InfluxDB 2.x and 3.x, and VictoriaMetrics: `/api/v2/write`. */
      readonly api: "v2";
      readonly url: string;
      readonly org: string;
      readonly bucket: string;
      /** Left out, or empty: none is sent. */
      readonly token?: string | undefined;
    };

/** @throws KrmError `KRM_INVALID_ARGUMENT` that names what cannot be, without a password or a token. */
export function checkTarget(target: InfluxTarget): void {
  const { api } = target as { readonly api: unknown };
  if (api !== "v1" && api !== "v2") throw refused("api", "it is neither v1 nor v2", 'give "v1" or "v2"');
  checkUrl(target.url);
  if (target.api === "v1") {
    checkName("database", target.database);
    if (target.retentionPolicy !== undefined) checkName("retentionPolicy", target.retentionPolicy);
    if ((target.user ?? "") === "" && (target.password ?? "") !== "")
      throw refused("password", "it stands alone", "give the user as well");
    if (/[:\r\n]/.test(target.user ?? ""))
      throw refused("user", "HTTP cannot send a user with a colon or a line break", "use another user");
  } else {
    checkName("org", target.org);
    checkName("bucket", target.bucket);
    // A header with another character would be refused by Node.js from within a callback, where nobody can catch it.
    if (!/^[\u0021-\u007e]*$/.test(target.token ?? ""))
      throw refused(
        "token",
        "it has a character that no header can have",
        "check how it was read: no line break, no space",
      );
  }
}

/** Where lines go, for messages: without a login. */
export function targetName(target: InfluxTarget): string {
  const { protocol, host, pathname } = new URL(target.url);
  return `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
}

/** What lines go into there, for messages. */
export function placeName(target: InfluxTarget): string {
  if (target.api === "v2") return `the bucket ${JSON.stringify(target.bucket)}`;
  const { database, retentionPolicy } = target;
  const policy = retentionPolicy === undefined ? "" : `, retention policy ${JSON.stringify(retentionPolicy)}`;
  return `the database ${JSON.stringify(database)}${policy}`;
}

/** Where to POST lines with times in nanoseconds: a path with its query, for InfluxDB 1. */
export function writePath({ database, retentionPolicy }: InfluxTarget & { readonly api: "v1" }): string {
  const query = new URLSearchParams({ db: database, precision: "ns" });
  if (retentionPolicy !== undefined) query.set("rp", retentionPolicy);
  return `/write?${query.toString()}`;
}

/**
 * The header that says who writes; undefined: nobody in particular. Basic for v1: it alone is known to every 1.x (`Token
 * user:password` came with 1.8), and servers that check nobody ignore it.
 */
export function authorization(target: InfluxTarget): string | undefined {
  if (target.api === "v2") return (target.token ?? "") === "" ? undefined : `Token ${target.token}`;
  const { user = "", password = "" } = target;
  return user === "" ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** `text` without what must not be told, should a server repeat it. */
export function redacted(text: string, target: InfluxTarget): string {
  const secret = target.api === "v2" ? target.token : target.password;
  const header = authorization(target)?.split(" ")[1];
  let out = text;
  for (const word of [secret, header]) if (word !== undefined && word !== "") out = out.replaceAll(word, "***");
  return out;
}

function checkUrl(given: unknown): void {
  const hint = "give it as http://HOST:8086 or https://HOST:8086";
  const url = typeof given === "string" && URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined) throw refused("url", "it is not a URL", hint);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw refused("url", `it begins with ${url.protocol}`, hint);
  if (url.username !== "" || url.password !== "")
    throw refused("url", "it holds a login", "give user and password, or the token, on their own");
  if (url.search !== "" || url.hash !== "") throw refused("url", "it has a query or a fragment", hint);
  if (/\/(?:write|api\/v2(?:\/write)?)\/*$/.test(url.pathname))
    throw refused("url", `it ends with ${url.pathname}`, "leave out /write and /api/v2: they are put behind it");
}

function checkName(option: string, name: unknown): void {
  if (typeof name !== "string" || name === "") throw refused(option, "it is empty", "give a name");
}

function refused(option: string, why: string, hint: string): KrmError {
  return new KrmError("KRM_INVALID_ARGUMENT", `the InfluxDB target's ${option} cannot be used: ${why}`, { hint });
}
