import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "@krm/keyv-store";
import { storeConformance } from "@krm/testkit/store-conformance";

storeConformance({
  name: "Keyv on SQLite",
  create: async () => {
    const folder = await mkdtemp(join(tmpdir(), "krm-sqlite-"));
    const file = join(folder, "state.db");
    return { open: () => openSqliteStore({ file }), destroy: () => rm(folder, { recursive: true }) };
  },
});
