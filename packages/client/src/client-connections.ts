import type { KrmClient } from "./client.ts";
import type { Connection } from "./options.ts";

/** How each client reaches its server, for the parts of this package that are made from a client. */
export const clientConnections: WeakMap<KrmClient, Connection> = new WeakMap<KrmClient, Connection>();
