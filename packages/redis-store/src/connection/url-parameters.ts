import { decoded, refuse } from "./url-refusal.ts";

const NAMES = ["prefix", "user", "passwordFile", "ca", "cert", "key", "sentinelUser", "sentinelPasswordFile"] as const;

type Name = (typeof NAMES)[number];

/** The parameters of a URL, decoded; none is `""`. */
export type UrlParameters = Readonly<Partial<Record<Name, string>>>;

/** Reads what stands after the `?`. A name that is unknown, doubled or out of place is refused, and told. */
export function readParameters(
  query: string | undefined,
  scheme: { readonly tls: boolean; readonly sentinel: boolean },
): UrlParameters {
  const found: Partial<Record<Name, string>> = {};
  for (const part of (query ?? "").split("&").filter((part) => part !== "")) {
    const equals = part.indexOf("=");
    const written = equals === -1 ? part : part.slice(0, equals);
    const name = NAMES.find((name) => name === written);
    if (name === undefined) {
      throw refuse(`has the parameter ${JSON.stringify(written)}`, `there are ${NAMES.join(", ")}`);
    }
    if (found[name] !== undefined) throw refuse(`has the parameter ${name} twice`, "leave out one of them");
    const value = decoded(equals === -1 ? "" : part.slice(equals + 1), `the parameter ${name}`);
    if (value === "") throw refuse(`has the parameter ${name} without a value`, `write ${name}=VALUE, or leave it out`);
    if (!scheme.tls && (name === "ca" || name === "cert" || name === "key")) {
      throw refuse(`has the parameter ${name} and no TLS`, "write rediss instead of redis");
    }
    if (!scheme.sentinel && name.startsWith("sentinel")) {
      throw refuse(`has the parameter ${name} and no Sentinels`, "it goes with redis+sentinel://");
    }
    found[name] = value;
  }
  return found;
}
