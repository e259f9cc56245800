import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Clock } from "@krm/core";
import type { Identity } from "./authenticator.ts";
import { certificateUser } from "./certificate-user.ts";

/** What the certificate at a connection says of who asks. */
export type CertificateVerdict =
  /** There is none. */
  | { readonly type: "none" }
  | { readonly type: "known"; readonly user: Identity }
  /** It is nobody's: not by an authority that counts, not for clients, expired, or without a name. */
  | { readonly type: "refused" }
  /** It was held against authorities that have been replaced since: only a new connection can tell. */
  | { readonly type: "outdated" };

/** What a handshake has come to. */
type Shown =
  | { readonly type: "none" }
  | { readonly type: "refused" }
  /** `notAfter`: epoch milliseconds. */
  | { readonly type: "verified"; readonly user: Identity; readonly notAfter: number };

/**
 * The certificates that clients bring to one TLS server, which asks for them and refuses no connection over them.
 *
 * The handshake verifies a certificate completely, against the authorities that the server had when the connection was
 * accepted. That verdict counts until the certificate expires or the authorities change, whichever is sooner, and it is
 * looked at with every request. Resumed sessions would carry the verdict of another connection: the server must have none.
 */
export class ClientCertificates {
  readonly #clock: Pick<Clock, "now">;
  /** Open connections: under which authorities each was accepted. */
  readonly #accepted = new Map<string, { readonly connection: Socket; readonly authorities: number }>();
  readonly #shown = new WeakMap<TLSSocket, Shown>();
  #authorities = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** To be told of every connection, before its handshake. */
  accepted(connection: Socket): void {
    const key = keyOf(connection);
    this.#accepted.set(key, { connection, authorities: this.#authorities });
    connection.once("close", () => {
      if (this.#accepted.get(key)?.connection === connection) this.#accepted.delete(key);
    });
  }

  /** The server has other authorities, from the next connection on. */
  changed(): void {
    this.#authorities++;
  }

  judge(connection: Socket): CertificateVerdict {
    if (!(connection instanceof TLSSocket)) return { type: "none" };
    const shown = this.#shown.get(connection) ?? shownBy(connection);
    this.#shown.set(connection, shown);
    if (shown.type === "none") return shown;
    if (this.#accepted.get(keyOf(connection))?.authorities !== this.#authorities) return { type: "outdated" };
    if (shown.type === "refused" || this.#clock.now() > shown.notAfter) return { type: "refused" };
    return { type: "known", user: shown.user };
  }
}

function shownBy(connection: TLSSocket): Shown {
  const certificate = connection.getPeerX509Certificate();
  if (certificate === undefined) return { type: "none" };
  const user = connection.authorized ? certificateUser(certificate) : undefined;
  if (user === undefined) return { type: "refused" };
  return { type: "verified", user, notAfter: certificate.validToDate.getTime() };
}

/** A connection and the TLS socket upon it share their addresses, and have no documented way to each other. */
function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return JSON.stringify([localAddress, localPort, remoteAddress, remotePort]);
}
