import { durationBetween } from "./duration.ts";
import { type Flag, flag } from "./flag.ts";
import { parseHostPort } from "./listen-address.ts";

/** `--lease`, in milliseconds. Without a default here: whoever leases knows it. */
export function leaseFlag(): Flag {
  return flag("--lease <TIME>", "how soon another process takes over after a crash (default: 15s)", {
    parse: durationBetween({ min: 1000 }),
  });
}

/** `--health-listen` */
export function healthListenFlag(): Flag {
  return flag("--health-listen <HOST:PORT>", "answer /livez, /readyz and /metrics there (default: nowhere)", {
    parse: parseHostPort,
  });
}
