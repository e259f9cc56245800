import { notAcceptable } from "./status/status-errors.ts";

/** The versions of meta.k8s.io in which Tables and metadata are served. */
export type MetaVersion = "v1" | "v1beta1";

/** The versions of apidiscovery.k8s.io in which aggregated discovery is served. */
export type DiscoveryVersion = "v2" | "v2beta1";

/** What to answer with. The transformed forms are JSON. */
export type Representation =
  | { readonly type: "json" }
  | { readonly type: "yaml" }
  | { readonly type: "table"; readonly version: MetaVersion }
  | { readonly type: "partial-object-metadata"; readonly version: MetaVersion }
  | { readonly type: "partial-object-metadata-list"; readonly version: MetaVersion }
  | { readonly type: "api-group-discovery-list"; readonly version: DiscoveryVersion };

/** What is being answered. */
export interface NegotiateOptions {
  /**
   * `resource` (the default): objects, lists and watches. `discovery`: `/api` and `/apis`, where the aggregated form is
   * offered and no Table. `plain`: nothing but JSON and YAML.
   */
  readonly endpoint?: "resource" | "discovery" | "plain";
  /**
   * Aggregated discovery in `v2beta1` too, which clients from before Kubernetes 1.30 ask for. Default: `v2` alone, as
   * kube-apiserver v1.36.
   */
  readonly betaDiscovery?: boolean;
  /** True for a watch: JSON frames only, no YAML. */
  readonly stream?: boolean;
}

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

const TRANSFORMS = new Map([
  ["Table", "table"],
  ["PartialObjectMetadata", "partial-object-metadata"],
  ["PartialObjectMetadataList", "partial-object-metadata-list"],
] as const) as ReadonlyMap<string, "table" | "partial-object-metadata" | "partial-object-metadata-list">;

const JSON_REPRESENTATION: Representation = { type: "json" };
const STREAMS = ["application/json;stream=watch"];

/**
 * Picks the representation that an Accept header asks for first and that there is, by quality, then by how precisely it
 * was named, then by position. A clause that cannot be met (protobuf, a Table of an unknown version) is passed over, so
 * `application/json;as=Table;v=v1;g=meta.k8s.io,application/json` falls back as its sender meant. No header: JSON.
 *
 * Whether a metadata form fits a list or one object is the caller's to check; the API server answers 406 where not.
 *
 * @throws StatusError 406 where nothing fits.
 */
export function negotiate(accept: string | undefined, options: NegotiateOptions = {}): Representation {
  if (accept === undefined || accept.trim() === "") return JSON_REPRESENTATION;
  for (const clause of parseAccept(accept)) {
    const representation = accepted(clause, options);
    if (representation !== undefined) return representation;
  }
  throw options.stream === true ? notAcceptable(STREAMS) : notAcceptable();
}

function parseAccept(header: string): readonly Clause[] {
  const clauses = header.split(",").flatMap((part) => {
    const [media = "", ...rest] = part.split(";").map((piece) => piece.trim());
    const [type = "", subtype = ""] = media.toLowerCase().split("/");
    if (type === "") return [];
    const parameters = new Map<string, string>();
    let quality = 1;
    for (const piece of rest) {
      const equals = piece.indexOf("=");
      if (equals < 0) continue;
      const name = piece.slice(0, equals).trim();
      const value = piece.slice(equals + 1).trim();
      if (name === "q") quality = parseQuality(value);
      else parameters.set(name, value);
    }
    // A lone `*` is what some old clients send for anything.
    return [{ type, subtype: type === "*" && subtype === "" ? "*" : subtype, parameters, quality }];
  });
  return clauses.toSorted((a, b) => b.quality - a.quality || precision(b) - precision(a));
}

function parseQuality(text: string): number {
  const quality = Number(text);
  return text !== "" && quality >= 0 && quality <= 1 ? quality : 1;
}

function precision(clause: Clause): number {
  return clause.type === "*" ? 0 : clause.subtype === "*" ? 1 : 2;
}

function accepted(clause: Clause, options: NegotiateOptions): Representation | undefined {
  if (clause.quality === 0) return undefined;
  const stream = clause.parameters.get("stream") ?? "";
  if (stream !== "" && stream !== "watch") return undefined;
  const wildcard =
    clause.type === "*" ? clause.subtype === "*" : clause.type === "application" && clause.subtype === "*";
  const json = wildcard || (clause.type === "application" && clause.subtype === "json");
  const yaml = clause.type === "application" && clause.subtype === "yaml";
  if (!json && !yaml) return undefined;
  const kind = clause.parameters.get("as");
  const group = clause.parameters.get("g");
  const version = clause.parameters.get("v");
  if (kind === undefined && group === undefined && version === undefined)
    return json ? JSON_REPRESENTATION : options.stream === true ? undefined : { type: "yaml" };
  return json ? transformed({ kind, group, version }, options) : undefined;
}

function transformed(
  { kind, group, version }: Readonly<Record<"kind" | "group" | "version", string | undefined>>,
  { endpoint = "resource", betaDiscovery = false }: NegotiateOptions,
): Representation | undefined {
  if (endpoint === "discovery" && group === "apidiscovery.k8s.io") {
    const known = version === "v2" || (version === "v2beta1" && betaDiscovery);
    return kind === "APIGroupDiscoveryList" && known ? { type: "api-group-discovery-list", version } : undefined;
  }
  if (endpoint !== "resource" || group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1"))
    return undefined;
  const type = kind === undefined ? undefined : TRANSFORMS.get(kind);
  return type === undefined ? undefined : { type, version };
}
