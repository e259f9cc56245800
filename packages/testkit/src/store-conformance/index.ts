// The suite
export { storeConformance } from "./suite.ts";
export type { StoreBackend, StoreUnderTest } from "./backend.ts";
