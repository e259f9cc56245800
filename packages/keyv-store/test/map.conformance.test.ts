import { createKeyvStore } from "@krm/keyv-store";
import { storeConformance } from "@krm/testkit/store-conformance";

storeConformance({
  name: "Keyv on a Map",
  create: async () => {
    const adapter = new Map<string, unknown>();
    return { open: () => createKeyvStore({ adapter }), destroy: async () => adapter.clear() };
  },
});
