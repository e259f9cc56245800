import { invalid } from "./options.ts";

/** Asks for plain JSON, as the server sent it; @kubernetes/client-node is then not needed. */
export interface AsJson {
  readonly as: "json";
}

/** Asks for the objects of @kubernetes/client-node: the default of the six kinds that have methods. */
export interface AsKubernetes {
  readonly as?: "kubernetes" | undefined;
}

/** Asks for the server's JSON as its bytes, which nothing here parses: no digit and no order of fields is lost. */
export interface AsBytes {
  readonly as: "bytes";
}

/**
 * What an object of @kubernetes/client-node is as plain JSON: times are text, and fields that it names anew (`_continue`)
 * have Kubernetes' own names.
 *
 * @example
 * const pods = await client.getPods({ as: "json" }); // items: KubernetesJson<V1Pod>[]
 * pods.items[0]?.metadata?.creationTimestamp; // string | undefined
 */
export type KubernetesJson<T> = unknown extends T
  ? T
  : T extends Date
    ? string
    : T extends readonly (infer Item)[]
      ? readonly KubernetesJson<Item>[]
      : T extends object
        ? {
            readonly [Key in keyof T as Key extends `_${infer Name}` ? Name : Key]: KubernetesJson<T[Key]>;
          }
        : T;

/** Refuses a form that a call does not have. @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` */
export function checkForm(as: string | undefined, ...forms: readonly string[]): void {
  if (as === undefined || forms.includes(as)) return;
  throw invalid(
    `as is ${JSON.stringify(as)}`,
    `give ${forms.map((form) => JSON.stringify(form)).join(" or ")}, or leave it out`,
  );
}
