import { type Flag, flag } from "./flag.ts";

/** `--sort-by` */
export function sortFlag(): Flag {
  return flag<unknown>("--sort-by <PATH>", "in the order of what this leads to: .metadata.creationTimestamp", {
    complete: async (text) => (await import("../output/jsonpath/json-path.ts")).relaxedPath(String(text)),
  });
}
