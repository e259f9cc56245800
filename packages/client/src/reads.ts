import { type ListBody, listPath, type ListQuery } from "@krm/protocol";
import { KrmClientError } from "./error.ts";
import type { AnswerFreshness, Fresh, FreshBytes, FreshObject } from "./fresh.ts";
import { notKrm } from "./http-get.ts";
import { formatGetQuery, type GetOptions, getQuery, type ListOptions, listQuery } from "./list-options.ts";
import { type Connection, invalid } from "./options.ts";
import { type Answer, jsonOf, request } from "./request.ts";
import { apiVersionOf, flatName, kubernetesPath, resourceParts } from "./resource-name.ts";

/** How far the beginning of a list reaches, at most. Bytes. */
const HEAD_BYTES = 512;
/** What a list begins with. */
const ENVELOPE = /^\{(?:"kind":"[^"]+List","apiVersion":"([^"]+)"|"apiVersion":"([^"]+)","kind":"[^"]+List")/;

/** A list as JSON. `where`: the call, for messages. */
export async function readList(
  connection: Connection,
  resource: string,
  options: ListOptions,
  where: string,
): Promise<Fresh<ListBody>> {
  const named = nameOf(resource);
  return listOf(await request(connection, pathOf(named, listQuery(options, where)), options), named);
}

/** A list as its bytes. */
export async function readListBytes(
  connection: Connection,
  resource: string,
  options: ListOptions,
  where: string,
): Promise<FreshBytes> {
  const named = nameOf(resource);
  const answer = await request(connection, pathOf(named, listQuery(options, where)), options);
  const freshness = freshnessOf(answer);
  const head = new TextDecoder().decode(answer.bytes.subarray(0, HEAD_BYTES));
  const [, kindFirst, apiVersion = kindFirst] = ENVELOPE.exec(head) ?? [];
  if (apiVersion === undefined) throw notKrm(answer.url, "is no list");
  checkVersion(answer.url, named, apiVersion);
  return { bytes: ownBytes(answer), freshness };
}

/** One object as JSON with its `kind` and `apiVersion`. */
export async function readObject(
  connection: Connection,
  resource: string,
  options: GetOptions,
  where: string,
): Promise<FreshObject<object>> {
  const named = nameOf(resource);
  const answer = await request(connection, pathOf(named, getQuery(options, where)), options);
  const { freshness, ...body } = listOf(answer, named);
  const [object, another] = body.items as readonly object[];
  const sought = `${resource} ${JSON.stringify(options.name)}`;
  if (object === undefined) {
    const { resourceVersion: _version, scope: _scope, ...trust } = freshness;
    throw new KrmClientError("KRM_CLIENT_NOT_FOUND", `${answer.url}: ${sought} not found`, {
      url: answer.url,
      freshness: trust,
      // Whoever reads the message alone must see that the object may well be there.
      hint: trust.warnings.length === 0 ? undefined : `the server warns: ${trust.warnings.join("; ")}`,
    });
  }
  if (another !== undefined) throw invalid(`several namespaces have ${sought}`, "name the namespace");
  const kind = body.kind.replace(/List$/, "");
  return { object: { kind, apiVersion: body.apiVersion, ...object }, freshness };
}

/** One object as its bytes, which only the Kubernetes API has for themselves. */
export async function readObjectBytes(
  connection: Connection,
  resource: string,
  options: GetOptions,
  where: string,
): Promise<FreshBytes> {
  const { name, namespace, ...query } = getQuery(options, where);
  const path = kubernetesPath(resource, namespace, name) + formatGetQuery(query);
  try {
    const answer = await request(connection, path, options);
    return { freshness: freshnessOf(answer), bytes: ownBytes(answer) };
  } catch (error) {
    if (!(error instanceof KrmClientError) || error.status !== 404 || namespace !== undefined) throw error;
    const hint = "name the namespace, where the resource has namespaces: bytes of an object need it";
    const { code, message, status, body, url, freshness } = error;
    throw new KrmClientError(code, message, { status, body, url, freshness, hint, cause: error });
  }
}

/** A resource by the name of its lists. */
interface NamedResource {
  readonly name: string;
  /** Undefined: whichever is watched. */
  readonly apiVersion: string | undefined;
}

function nameOf(resource: string): NamedResource {
  if (resource === "") throw invalid("resource is empty", "name one, such as pods");
  if (!resource.includes("/")) return { name: resource, apiVersion: undefined };
  const parts = resourceParts(resource);
  return { name: flatName(parts), apiVersion: apiVersionOf(parts) };
}

function pathOf({ name }: NamedResource, query: ListQuery): string {
  try {
    return listPath(name, query);
  } catch {
    throw invalid(
      `resource is ${JSON.stringify(name)}`,
      "give a name such as pods, po, deployments.apps or apps/v1/deployments",
    );
  }
}

function freshnessOf({ freshness, scope, url }: Answer): AnswerFreshness {
  if (freshness === undefined) throw notKrm(url, "does not say how far it can be trusted");
  return { ...freshness, scope };
}

function listOf(answer: Answer, named: NamedResource): Fresh<ListBody> {
  const body = jsonOf(answer);
  const freshness = freshnessOf(answer);
  if (!isListBody(body)) throw notKrm(answer.url, "is no list");
  checkVersion(answer.url, named, body.apiVersion);
  return { ...body, freshness: { ...freshness, resourceVersion: body.metadata.resourceVersion } };
}

/** A server watches a resource in one version, and its lists do not ask which. */
function checkVersion(url: string, { apiVersion, name }: NamedResource, actual: string): void {
  if (apiVersion === undefined || apiVersion === actual) return;
  throw new KrmClientError(
    "KRM_CLIENT_NOT_FOUND",
    `${url}: ${name} are watched in ${actual}, and not in ${apiVersion}`,
    {
      url,
      hint: `ask for ${actual}, or have the server watch ${apiVersion}`,
    },
  );
}

function ownBytes({ bytes, isKept }: Answer): Uint8Array<ArrayBuffer> {
  return isKept ? bytes.slice() : bytes;
}

function isListBody(body: unknown): body is ListBody {
  const list = body as Partial<ListBody> | null;
  return (
    Array.isArray(list?.items) && typeof list.kind === "string" && typeof list.metadata?.resourceVersion === "string"
  );
}
