import type { V1KeyToPath, V1PodSpec, V1Volume } from "@kubernetes/client-node";
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { References } from "./environment.ts";
import { onlyFields } from "./only-fields.ts";

/** What volumes are made of, beside what {@link References} tell. */
export interface VolumeSources extends References {
  /** The pod's service account's token for an audience; undefined: the API server's. */
  readonly token: (audience: string | undefined) => string;
  /** Where a PersistentVolumeClaim's data is kept, for longer than the pod. */
  readonly claim: (name: string) => string;
}

/** A pod's volumes: name → folder on this machine. */
export type Volumes = ReadonlyMap<string, string>;

/** Makes a pod's volumes below a folder, readable by the pod's fsGroup. */
export async function makeVolumes(spec: V1PodSpec, folder: string, sources: VolumeSources): Promise<Volumes> {
  const group = spec.securityContext?.fsGroup ?? 0;
  const volumes = new Map<string, string>();
  for (const volume of spec.volumes ?? []) {
    const where = `volume ${volume.name}`;
    onlyFields(volume, ["name", "secret", "configMap", "projected", "emptyDir", "persistentVolumeClaim"], where);
    const claim = volume.persistentVolumeClaim?.claimName;
    const at = claim === undefined ? join(folder, volume.name) : sources.claim(claim);
    volumes.set(volume.name, at);
    await mkdir(at, { recursive: true });
    await chown(at, 0, group);
    await chmod(at, 0o2770);
    for (const [path, { text, mode }] of filesOf(volume, sources, where)) {
      const file = join(at, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      await chown(file, 0, group);
      await chmod(file, mode);
    }
  }
  return volumes;
}

interface File {
  readonly text: string;
  readonly mode: number;
}

function filesOf(volume: V1Volume, sources: VolumeSources, where: string): ReadonlyMap<string, File> {
  const files = new Map<string, File>();
  const { secret, configMap, projected } = volume;
  const addData = (data: ReadonlyMap<string, string>, items: V1KeyToPath[] | undefined, mode = 0o644): void => {
    const wanted: readonly V1KeyToPath[] = items ?? [...data.keys()].map((key) => ({ key, path: key }));
    for (const item of wanted) {
      const text = data.get(item.key);
      if (text === undefined) throw new Error(`${where}: there is no key ${item.key}`);
      files.set(item.path, { text, mode: item.mode ?? mode });
    }
  };
  if (secret !== undefined) {
    onlyFields(secret, ["secretName", "defaultMode", "items"], where);
    addData(sources.data("Secret", secret.secretName ?? ""), secret.items, secret.defaultMode);
  }
  if (configMap !== undefined) {
    onlyFields(configMap, ["name", "defaultMode", "items"], where);
    addData(sources.data("ConfigMap", configMap.name ?? ""), configMap.items, configMap.defaultMode);
  }
  if (projected !== undefined) {
    const mode = projected.defaultMode;
    for (const source of projected.sources ?? []) {
      onlyFields(source, ["serviceAccountToken", "configMap", "secret", "downwardAPI"], where);
      const { serviceAccountToken: token, downwardAPI } = source;
      if (token !== undefined) files.set(token.path, { text: sources.token(token.audience), mode: mode ?? 0o644 });
      if (source.configMap !== undefined)
        addData(sources.data("ConfigMap", source.configMap.name ?? ""), source.configMap.items, mode);
      if (source.secret !== undefined)
        addData(sources.data("Secret", source.secret.name ?? ""), source.secret.items, mode);
      for (const { path, fieldRef } of downwardAPI?.items ?? [])
        files.set(path, { text: sources.field(fieldRef?.fieldPath ?? ""), mode: mode ?? 0o644 });
    }
  }
  return files;
}
