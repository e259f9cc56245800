import type { Subject } from "./subject.ts";

/** One kind of read. */
export interface Case {
  readonly label: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** It asks again with the tag of the answer before; a change in between is a new answer. */
  readonly revalidates?: boolean;
  readonly requests: number;
  /** Milliseconds of CPU time beyond the bare route. */
  readonly budget?: number;
}

const GROUP = "meta.k8s.io;v=v1";

/** The route against which all others are measured. */
export const BARE: Case = { label: "a bare route (/version)", path: "/version", requests: 2000 };

/** The reads of the Kubernetes API, with names that there are: those of the pod that comes first. */
export async function kubernetesCases(subject: Subject): Promise<readonly Case[]> {
  const list = JSON.parse(await subject.text("/api/v1/pods?limit=1")) as {
    readonly items: readonly {
      readonly metadata: {
        readonly name: string;
        readonly namespace: string;
        readonly labels?: Record<string, string>;
      };
      readonly spec: { readonly nodeName?: string };
    }[];
  };
  const [pod] = list.items;
  if (pod === undefined) throw new Error("there is no pod to read");
  const { labels = {}, name, namespace } = pod.metadata;
  const [label, value] = "group" in labels ? ["group", labels["group"]] : (Object.entries(labels)[0] ?? ["app", "x"]);
  const inNamespace = `/api/v1/namespaces/${namespace}/pods`;
  const labelled = encodeURIComponent(`${label}=${value}`);
  const onNode = encodeURIComponent(`spec.nodeName=${pod.spec.nodeName ?? "none"}`);
  const table = { accept: `application/json;as=Table;g=${GROUP}` };
  return [
    { label: "GET one pod", path: `${inNamespace}/${name}`, requests: 2000, budget: 0.1 },
    { label: "LIST one namespace", path: inNamespace, requests: 200, budget: 3 },
    { label: "LIST by label", path: `/api/v1/pods?labelSelector=${labelled}`, requests: 400, budget: 1 },
    { label: "LIST by node", path: `/api/v1/pods?fieldSelector=${onNode}`, requests: 400, budget: 1.5 },
    { label: "LIST all", path: "/api/v1/pods", requests: 20, budget: 65 },
    { label: "LIST all, gzip", path: "/api/v1/pods", headers: { "accept-encoding": "gzip" }, requests: 20 },
    { label: "LIST all, unchanged 9 times of 10", path: "/api/v1/pods", revalidates: true, requests: 200 },
    {
      label: "LIST all, metadata only",
      path: "/api/v1/pods",
      headers: { accept: `application/json;as=PartialObjectMetadataList;g=${GROUP}` },
      requests: 10,
    },
    { label: "Table of 500", path: "/api/v1/pods?limit=500", headers: table, requests: 20 },
    { label: "Table of one namespace", path: inNamespace, headers: table, requests: 20 },
  ];
}

/** The reads of the flat API that have a budget. */
export function flatCases(cases: readonly Case[]): readonly Case[] {
  const [one, namespace, label, node, all] = cases;
  if (one === undefined || namespace === undefined || label === undefined || node === undefined || all === undefined)
    throw new Error("the cases of the Kubernetes API come first");
  const [, ns = "", name = ""] = /namespaces\/([^/]+)\/pods\/(.+)$/u.exec(one.path) ?? [];
  return [
    { ...one, label: "flat: one pod", path: `/pods?namespace=${ns}&name=${name}` },
    { ...namespace, label: "flat: one namespace", path: `/pods?namespace=${ns}` },
    { ...label, label: "flat: by label", path: label.path.replace("/api/v1", "") },
    { ...node, label: "flat: by node", path: node.path.replace("/api/v1", "") },
    { ...all, label: "flat: all", path: "/pods" },
  ];
}
