import { AdapterRecords } from "../adapter/adapter-records.ts";
import { inspectionOf, type StoreInspection } from "../inspection.ts";
import { FORMAT, PROBE } from "../records/record-keys.ts";
import type { PostgresStoreOptions } from "./open-postgres-store.ts";
import { postgresFailure } from "./postgres-failure.ts";
import { describePostgres } from "./postgres-url.ts";

/**
 * Looks at what a PostgreSQL database holds and whether it may be written, and leaves it to the process that writes there,
 * which goes on. The table `krm` is made where it does not exist, as that process will need it; a record `krm/doctor` is
 * written there and taken away.
 *
 * @throws KrmError as `openPostgresStore`
 */
export async function inspectPostgresStore({ url }: Pick<PostgresStoreOptions, "url">): Promise<StoreInspection> {
  const server = describePostgres(url);
  const { postgresAdapter } = await import("./postgres-adapter.ts");
  const records = new AdapterRecords({
    adapter: postgresAdapter(url),
    namespace: "krm",
    explain: (error, doing) => postgresFailure(server, error, doing),
  });
  try {
    const found = inspectionOf(await records.get(FORMAT));
    await records.put([[PROBE, ""]]);
    await records.remove([PROBE]);
    return found;
  } finally {
    await records.close();
  }
}
