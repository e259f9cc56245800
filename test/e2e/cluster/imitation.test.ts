import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { containerArguments } from "./container-arguments.ts";
import { expanded } from "./environment.ts";
import { objects as objectsOf } from "../../../deploy/render/documents.ts";
import type { KubernetesObject } from "../../../deploy/render/kubernetes-object.ts";
import { rightsOf } from "./rights.ts";
import { confinement } from "./security.ts";

const CONFINED: V1Container = {
  name: "c",
  image: "i",
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
};
const SPEC: V1PodSpec = {
  containers: [CONFINED],
  securityContext: { runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532, seccompProfile: { type: "RuntimeDefault" } },
};

const references = {
  data: () => new Map([["key", "from a Secret"]]),
  field: () => "a field",
};
const argumentsOf = (container: V1Container): readonly string[] =>
  containerArguments(SPEC, container, { references, volumes: new Map([["v", "/folder/v"]]) });

describe("what a container of the end-to-end test is told", () => {
  test("is what its manifest says: user, root, memory, variables, mounts, arguments", () => {
    const told = argumentsOf({
      ...CONFINED,
      args: ["--store=$(URL)"],
      env: [
        { name: "HOST", value: "redis" },
        { name: "URL", value: "redis://$(HOST)" },
        { name: "KEY", valueFrom: { secretKeyRef: { name: "s", key: "key" } } },
      ],
      resources: { limits: { memory: "64Mi", cpu: "500m" } },
      volumeMounts: [{ name: "v", mountPath: "/v", readOnly: true }],
    });
    expect(told).toEqual([
      "--user=65532:65532",
      "--group-add=65532",
      "--cap-drop=all",
      "--security-opt=no-new-privileges",
      "--read-only",
      "--read-only-tmpfs=false",
      "--env=HOST=redis",
      "--env=URL=redis://redis",
      "--env=KEY=from a Secret",
      "--volume=/folder/v:/v:ro",
      "--memory=67108864",
      "--cpus=0.5",
      "i",
      "--store=redis://redis",
    ]);
  });

  test("leaves what is no variable as it is", () => {
    expect(expanded("$(NONE) $$(HOST) $HOME", new Map([["HOST", "h"]]))).toBe("$(NONE) $(HOST) $HOME");
  });

  test("is refused where a field would not be carried out", () => {
    const tty = { ...CONFINED, tty: true };
    expect(() => argumentsOf(tty)).toThrow("container c has the field tty, which test/e2e/cluster does not carry out");
  });

  test.each([
    ["runs as root", { ...SPEC, securityContext: { ...SPEC.securityContext, runAsUser: 0 } }, CONFINED],
    ["raises privileges", SPEC, { ...CONFINED, securityContext: { capabilities: { drop: ["ALL"] } } }],
    ["keeps capabilities", SPEC, { ...CONFINED, securityContext: { allowPrivilegeEscalation: false } }],
    ["has every system call", { ...SPEC, securityContext: { runAsNonRoot: true, runAsUser: 1 } }, CONFINED],
  ])("is refused where it %s", (_what, spec, container) => {
    expect(() => confinement(spec, container)).toThrow("container c: ");
  });
});

describe("what a service account of the end-to-end test may do", () => {
  const objects: readonly KubernetesObject[] = objectsOf(`
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: { name: reads }
rules: [{ apiGroups: [""], resources: [pods], verbs: [list] }]
---
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: { name: b, namespace: team }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads }
subjects: [{ kind: ServiceAccount, name: a, namespace: krm }]
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: { name: c }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: missing }
subjects: [{ kind: ServiceAccount, name: z, namespace: krm }]
`);

  test("is what its bindings give, where they give it", () => {
    expect(rightsOf("a", "krm", objects)).toEqual([
      { apiGroups: [""], resources: ["pods"], verbs: ["list"], namespaces: ["team"] },
    ]);
    expect(rightsOf("a", "other", objects)).toEqual([]);
    expect(() => rightsOf("z", "krm", objects)).toThrow("a binding names the ClusterRole missing, which there is not");
  });
});
