// What a replica gives its readers, held against the contract of the port.
import { storeConformance } from "@krm/testkit/store-conformance";
import { MirroredStore } from "./mirrored-store.ts";

storeConformance({
  name: "ReplicaStore",
  create: async () => ({ open: async () => new MirroredStore(), destroy: async () => {} }),
});
