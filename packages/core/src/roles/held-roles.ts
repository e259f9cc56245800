import type { Role } from "../monitor/role-status.ts";
import type { Logger } from "../ports/logger.ts";
import type { RoleRequest } from "../store/lease.ts";
import { type HeardRequest, readRequest } from "../store/lost-event.ts";
import type { Held, HeldLeases } from "./hold-roles.ts";

/** Roles that are held now. A store gives each request once: what nobody listens to yet is kept here until somebody does. */
export class HeldRoles<R extends Role> implements Held<R> {
  readonly leases: HeldLeases<R>;
  readonly again: boolean;
  readonly #logger: Logger;
  readonly #waiting: HeardRequest[] = [];
  #listener: Held<R>["onRequest"];

  constructor(leases: HeldLeases<R>, again: boolean, logger: Logger) {
    this.leases = leases;
    this.again = again;
    this.#logger = logger;
  }

  get onRequest(): Held<R>["onRequest"] {
    return this.#listener;
  }

  set onRequest(listener: Held<R>["onRequest"]) {
    this.#listener = listener;
    if (listener !== undefined) for (const request of this.#waiting.splice(0)) listener(request);
  }

  /** Tells what the store gave. */
  take(requests: readonly RoleRequest[]): void {
    for (const request of requests) {
      const heard = readRequest(request);
      if (heard === undefined)
        this.#logger.warn({ request: request.slice(0, 200) }, "a request of another role cannot be read; left out");
      else if (this.#listener === undefined) this.#waiting.push(heard);
      else this.#listener(heard);
    }
  }
}
