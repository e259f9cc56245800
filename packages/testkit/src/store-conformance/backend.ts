import type { Store } from "@krm/core";

/** One place where a store keeps its state, empty at first, and only this test's. */
export interface StoreBackend {
  /** Opens a store on it. Called again (also while another is open, where the manifest says `shared`), it finds the same state if the store is durable. */
  open(): Promise<Store>;
  /** Takes everything away. Called after each test, with all stores closed. */
  destroy(): Promise<void>;
}

/** A store to be held against the port's contract. */
export interface StoreUnderTest {
  readonly name: string;
  /** A new backend for each test. */
  create(): Promise<StoreBackend>;
}
