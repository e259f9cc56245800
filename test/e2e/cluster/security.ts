import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import { onlyFields } from "./only-fields.ts";

const POD_FIELDS = ["runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy", "seccompProfile"];
const CONTAINER_FIELDS = [
  "runAsNonRoot",
  "runAsUser",
  "runAsGroup",
  "readOnlyRootFilesystem",
  "allowPrivilegeEscalation",
  "capabilities",
  "seccompProfile",
];

/**
 * What podman is told so that a container is confined as its pod and it say. Pure.
 *
 * @throws Error where it would run as root, or with more than the Pod Security Standard `restricted` lets it have.
 */
export function confinement(spec: V1PodSpec, container: V1Container): readonly string[] {
  const where = `container ${container.name}: securityContext`;
  const pod = spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  onlyFields(pod, POD_FIELDS, "the pod's securityContext");
  onlyFields(own, CONTAINER_FIELDS, where);
  const user = own.runAsUser ?? pod.runAsUser;
  const group = own.runAsGroup ?? pod.runAsGroup;
  if (!(own.runAsNonRoot ?? pod.runAsNonRoot) || user === undefined || user === 0)
    throw new Error(`${where}: it may run as root`);
  if ((own.seccompProfile ?? pod.seccompProfile)?.type !== "RuntimeDefault")
    throw new Error(`${where}: seccompProfile is not RuntimeDefault`);
  if (own.allowPrivilegeEscalation !== false) throw new Error(`${where}: privileges may be raised`);
  if (!own.capabilities?.drop?.includes("ALL") || own.capabilities.add !== undefined)
    throw new Error(`${where}: capabilities are kept`);
  return [
    `--user=${user}:${group ?? user}`,
    ...(pod.fsGroup === undefined ? [] : [`--group-add=${pod.fsGroup}`]),
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    // Podman would otherwise put writable folders into /tmp, /run and /var/tmp.
    ...(own.readOnlyRootFilesystem === true ? ["--read-only", "--read-only-tmpfs=false"] : []),
  ];
}
