import { serviceUnavailable } from "@krm/apimachinery";
import {
  accessRefused,
  type Authenticator,
  type Authorizer,
  type Identity,
  type ResourceAttributes,
} from "@krm/server";

/**
 * Readers whose token is their name, and who may list in namespaces: `*` is everywhere. `asked` is every question about a
 * resource.
 */
export class Readers implements Authenticator, Authorizer {
  readonly may = new Map<string, readonly string[]>();
  readonly asked: ResourceAttributes[] = [];
  /** Namespaces about which nothing can be found out. */
  readonly failing = new Set<string>();
  /** Questions under way now, and at most so far. */
  open = 0;
  most = 0;

  async authenticate(token: string): Promise<Identity> {
    return { user: token };
  }

  async authorize(user: Identity, attributes: Parameters<Authorizer["authorize"]>[1]): Promise<void> {
    if (attributes.type === "path") return;
    this.asked.push(attributes);
    this.open += 1;
    this.most = Math.max(this.most, this.open);
    await Promise.resolve();
    this.open -= 1;
    if (this.failing.has(attributes.namespace)) throw serviceUnavailable("not now", 1);
    const may = this.may.get(user.user) ?? [];
    if (!may.includes("*") && !may.includes(attributes.namespace)) throw accessRefused(user, attributes);
  }

  /** The namespaces that were asked about; `""` is all of them. */
  get namespaces(): readonly string[] {
    return this.asked.map(({ namespace }) => namespace);
  }
}
