import type { KubeConfig, KubernetesObject, ListPromise } from "@kubernetes/client-node";
import { KrmClient } from "../client.ts";
import { clientConnections } from "../client-connections.ts";
import { isKnownKind, KINDS } from "../kubernetes-kinds.ts";
import { kubernetesReader } from "../kubernetes-objects.ts";
import { mirrorSource } from "../mirror/mirror-source.ts";
import type { Connection } from "../options.ts";
import type { ReadObject } from "../watch/watch.ts";
import { parseInformerPath } from "./informer-path.ts";
import { kubeConfigConnection } from "./kube-config-connection.ts";
import { MirrorInformer } from "./mirror-informer.ts";

/**
 * An informer as `makeInformer` of `@kubernetes/client-node` makes it, that reads from KRM: change the import, and have
 * the kubeconfig's current context name a KRM server, or give a {@link KrmClient} instead.
 *
 * What is else than there:
 *
 * - `listFn` is never called: `path` and the selectors say what is listed and watched.
 * - It goes on by itself whatever breaks, and calls `error` only where it has ended: the server refuses it for good. `start`
 *   then begins it anew, over what it holds. With nobody to hear it, `start` rejects, or it is an uncaught exception.
 * - What was deleted while nobody told is a `delete` all the same; an object that was made anew under its name is a
 *   `delete` and an `add`.
 * - `start` resolves when the first set is complete, however long that takes, or it has ended, or was stopped.
 * - Objects are always of one form: the six kinds that {@link KrmClient} has methods for are client-node's own, with
 *   dates, and so is every other's `metadata`.
 * - What a callback throws is an uncaught exception, and no more passed over.
 *
 * @param path Of a collection in the Kubernetes API: `/api/v1/namespaces/team-a/pods`, `/apis/apps/v1/deployments`.
 * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`
 * @example
 * const informer = makeInformer<V1Pod>(kubeConfig, "/api/v1/pods", () => api.listPodForAllNamespaces());
 * informer.on("add", (pod) => console.log(pod.metadata?.name));
 * informer.on("error", (error) => console.error(error));
 * await informer.start();
 */
export function makeInformer<T extends KubernetesObject>(
  reached: KubeConfig | KrmClient,
  path: string,
  _listFn?: ListPromise<T>,
  labelSelector?: string,
  fieldSelector?: string,
): MirrorInformer<T> {
  const { namespace, resource } = parseInformerPath(path);
  const source = mirrorSource<T>(
    connectionOf(reached),
    resource,
    { namespace, labelSelector, fieldSelector },
    reader<T>(resource),
  );
  return new MirrorInformer<T>(source);
}

function connectionOf(reached: KubeConfig | KrmClient): Connection {
  if (!(reached instanceof KrmClient)) return kubeConfigConnection(reached);
  const connection = clientConnections.get(reached);
  if (connection === undefined) throw new TypeError("the client is none of this package's");
  return connection;
}

function reader<T>(resource: string): () => Promise<ReadObject<T>> {
  const known = Object.keys(KINDS).find((plural) => isKnownKind(plural) && KINDS[plural].path === resource);
  return async () => {
    if (known !== undefined && isKnownKind(known)) return (await kubernetesReader(known)) as ReadObject<T>;
    const { ObjectSerializer } = await import("@kubernetes/client-node/dist/serializer.js");
    // A type that it does not know: an object of which only `metadata` is known, or of a model that the user has named.
    return (json) => ObjectSerializer.deserialize(json, "KubernetesObject") as T;
  };
}
