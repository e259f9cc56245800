import {
  backoffMs,
  type Clock,
  DEFAULT_BACKOFF,
  DEFAULT_RESOURCES,
  KrmError,
  type Logger,
  resourceId,
  type ResourceType,
} from "@krm/core";
import { discoverResources, type KubernetesSource, resolveResource } from "@krm/kubernetes";
import { RESOURCE_ALIASES } from "@krm/protocol";
import { sentences } from "../errors/error-line.ts";
import { troubleKey } from "../errors/trouble-key.ts";

/** What looking up names needs beside the names. */
export interface ResolveOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Finds the resources that are meant, each once. The six default ones are known; for others the API server is asked,
 * again and again while it cannot be reached.
 *
 * @throws KrmError `KRM_UNKNOWN_RESOURCE` that lists near names; the reason of `signal`.
 */
export async function resolveResources(
  names: readonly string[],
  source: KubernetesSource,
  options: ResolveOptions,
): Promise<readonly ResourceType[]> {
  const known = names.map(builtInResource);
  const discovered = known.includes(undefined) ? await discover(source, options) : [];
  return eachOnce(names.map((name, index) => known[index] ?? resolveResource(name, discovered)));
}

/** Without those that were named twice, in the order in which they came. */
export function eachOnce(resources: readonly ResourceType[]): readonly ResourceType[] {
  return [...new Map(resources.map((resource) => [resourceId(resource), resource])).values()];
}

/** One of the six that need no look-up. */
export function builtInResource(name: string): ResourceType | undefined {
  return resourceAmong(name, DEFAULT_RESOURCES);
}

/** The resource of this name out of some that are known; undefined: none, or it could be several. */
export function resourceAmong(name: string, known: readonly ResourceType[]): ResourceType | undefined {
  try {
    return resolveResource(RESOURCE_ALIASES[name] ?? name, known);
  } catch (error) {
    if (KrmError.is(error, "KRM_UNKNOWN_RESOURCE")) return undefined;
    throw error;
  }
}

async function discover(
  source: KubernetesSource,
  { logger, clock, signal }: ResolveOptions,
): Promise<readonly ResourceType[]> {
  let told = "";
  for (let attempt = 1; ; attempt++) {
    try {
      return await discoverResources(source, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!KrmError.is(error)) throw error;
      // The path in the message is that of whichever of several requests failed first.
      const trouble = troubleKey({ code: error.code, status: error.status?.code, hint: error.hint });
      if (trouble !== told) {
        logger.warn({}, `cannot look up the resources, trying on: ${sentences(error.message, error.hint)}`);
      }
      told = trouble;
    }
    await clock.sleep(backoffMs(attempt, Math.random(), undefined, DEFAULT_BACKOFF), { signal });
  }
}
