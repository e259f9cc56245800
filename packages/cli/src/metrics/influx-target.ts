import { readFile } from "node:fs/promises";
import type { InfluxTarget } from "@krm/metrics/influx";
import { UsageError } from "../errors/usage-error.ts";
import type { InfluxFlagOptions } from "../options/influx-flags.ts";

/**
 * Where to write, with the secrets that the flags name files of.
 *
 * @throws UsageError for a file that cannot be read, or holds nothing.
 */
export async function influxTarget(options: InfluxFlagOptions, url: string): Promise<InfluxTarget> {
  const { influxDb, influxUser, influxPasswordFile, influxOrg = "", influxBucket = "", influxTokenFile } = options;
  if (influxDb !== undefined) {
    const password = await secret("--influx-password-file", influxPasswordFile);
    return { api: "v1", url, database: influxDb, user: influxUser, password };
  }
  const token = await secret("--influx-token-file", influxTokenFile);
  return { api: "v2", url, org: influxOrg, bucket: influxBucket, token };
}

async function secret(name: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`${name}: ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown"}`);
  }
  const value = text.trim();
  if (value === "") throw new UsageError(`${name}: ${file} is empty`, "Write the secret into it, and nothing else.");
  return value;
}
