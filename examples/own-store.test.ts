import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeConformance } from "@krm/testkit/store-conformance";
import { openJournalStore } from "./own-store.ts";

storeConformance({
  name: "examples/own-store.ts",
  create: async () => {
    const folder = await mkdtemp(join(tmpdir(), "krm-journal-"));
    return {
      open: async () => openJournalStore(join(folder, "state.journal")),
      destroy: async () => rm(folder, { recursive: true }),
    };
  },
});
