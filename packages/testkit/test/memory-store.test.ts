import { MemoryStore } from "@krm/core";
import { storeConformance } from "@krm/testkit/store-conformance";

storeConformance({
  name: "MemoryStore",
  create: async () => ({ open: async () => new MemoryStore(), destroy: async () => {} }),
});
