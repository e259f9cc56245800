import { type Clock, type ResourceType, resourceId, resourceName, type Scope, scopeId, type Store } from "@krm/core";
import { RESOURCE_ALIASES } from "@krm/protocol";
import { causedError } from "../answer/caused-error.ts";
import { sourceTrouble } from "./source-state.ts";

/** A resource that is watched, and the scopes whose union is its view. */
export interface Watched {
  readonly resource: ResourceType;
  readonly scopes: Scopes;
}

/** Scopes of one resource. */
export type Scopes = readonly [Scope, ...Scope[]];

/** Which resources there are to read: what the store holds, and what is meant to come into it. */
export class Catalog {
  readonly #store: Store;
  readonly #expected: readonly Scope[];
  readonly #clock: Clock;

  constructor(store: Store, expected: readonly Scope[], clock: Clock) {
    this.#store = store;
    this.#expected = expected;
    this.#clock = clock;
  }

  /** Every scope once; expected ones first, in their order. */
  async scopes(): Promise<readonly Scope[]> {
    const byId = new Map(this.#expected.map((scope) => [scopeId(scope), scope]));
    for (const scope of await this.#store.scopes()) {
      const id = scopeId(scope);
      if (!byId.has(id)) byId.set(id, scope);
    }
    return [...byId.values()];
  }

  /**
   * All resources, in the order of their first scope.
   *
   * @throws StatusError 503 while nothing is watched.
   */
  async watched(): Promise<readonly Watched[]> {
    const watched = group(await this.scopes());
    if (watched.length > 0) return watched;
    const lost = sourceTrouble(this.#store, this.#clock.now());
    throw causedError("ViewSyncing", {
      code: 503,
      message: `nothing is watched yet: ${lost?.line ?? "no monitor has written to the store"}`,
      retryAfterSeconds: 1,
    });
  }

  /**
   * Finds a resource by the name in a path: plural, plural with group, short name or alias.
   *
   * @throws StatusError 404 that lists what is watched, 400 where the name fits several, 503 while nothing is watched.
   */
  async find(name: string): Promise<Watched> {
    const watched = await this.watched();
    const plural = RESOURCE_ALIASES[name] ?? name;
    const full = watched.find(({ resource }) => resourceName(resource) === plural);
    if (full !== undefined) return full;
    const matches = watched.filter(
      ({ resource }) => resource.resource === plural || resource.shortNames.includes(plural),
    );
    const [match] = matches;
    if (match === undefined) throw notWatched(name, watched);
    if (matches.length > 1) throw ambiguous(name, matches);
    return match;
  }
}

/** Scopes by resource, in the order of their first scope. One of all namespaces stands for all others. */
function group(scopes: readonly Scope[]): readonly Watched[] {
  const byResource = new Map<string, [Scope, ...Scope[]]>();
  for (const scope of scopes) {
    const id = resourceId(scope.resource);
    const known = byResource.get(id);
    if (known === undefined) byResource.set(id, [scope]);
    else known.push(scope);
  }
  return [...byResource.values()].map((of) => {
    const all = of.find((scope) => scope.namespace === undefined);
    return { resource: of[0].resource, scopes: all === undefined ? of : [all] };
  });
}

/**
 * The scopes that answer for one namespace, or for all that are watched.
 *
 * @throws StatusError 404 where the namespace is not watched: an empty list would claim that nothing is there.
 */
export function scopesFor(watched: Watched, namespace: string | undefined): Scopes {
  if (namespace === undefined) return watched.scopes;
  const found = watched.scopes.find((scope) => scope.namespace === undefined || scope.namespace === namespace);
  if (found !== undefined) return [found];
  // Which ones are, only /status tells: not everyone who may ask for this one may know.
  throw causedError("NamespaceNotWatched", {
    code: 404,
    message: `${resourceName(watched.resource)} of namespace ${JSON.stringify(namespace)} are not watched here; /status tells which are`,
    field: "namespace",
    kind: watched.resource.resource,
  });
}

function notWatched(name: string, watched: readonly Watched[]): Error {
  const names = watched.map(({ resource }) => resourceName(resource)).toSorted();
  return causedError("ResourceNotWatched", {
    code: 404,
    message: `${JSON.stringify(name)} is not watched here; watched resources: ${names.join(", ")}`,
  });
}

function ambiguous(name: string, matches: readonly Watched[]): Error {
  const names = matches.map(({ resource }) => resourceName(resource)).toSorted();
  return causedError("ResourceAmbiguous", {
    code: 400,
    message: `${JSON.stringify(name)} names several resources; write one of ${names.join(", ")}`,
  });
}
