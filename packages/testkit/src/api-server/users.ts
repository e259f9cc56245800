/** What a user may do, as a rule of RBAC's ClusterRole or Role. Every field that is left out allows nothing. */
export interface AccessRule {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; `*` for all. */
  readonly verbs: readonly string[];
  /** `""` is the core group; `*` for all. */
  readonly apiGroups?: readonly string[];
  /** Plurals; a subresource is `pods/status`; `*` for all. */
  readonly resources?: readonly string[];
  /** Allows only objects of these names. A list or watch then needs a `fieldSelector=metadata.name=…`, as upstream. */
  readonly resourceNames?: readonly string[];
  /** Where the rule holds, as a RoleBinding would say. Left out: everywhere, and for cluster-scoped resources. */
  readonly namespaces?: readonly string[];
  /** Paths such as `/metrics`; a `*` at the end stands for the rest. */
  readonly nonResourceURLs?: readonly string[];
}

/** One who may ask the simulated API server. */
export interface SimUser {
  readonly name: string;
  readonly token: string;
  /** What the token was issued for, as a projected service account token says. Default: this API server alone. */
  readonly audiences?: readonly string[];
  /** Default: the name. */
  readonly uid?: string;
  /** Without `system:authenticated`, which is added. */
  readonly groups?: readonly string[];
  readonly rules?: readonly AccessRule[];
}

/** What the simulated API server calls itself in a token's audiences. */
export const AUDIENCE = "https://kubernetes.default.svc";

/** `admin` may do all (`system:masters`); `viewer` is known but has no rights beyond discovery. */
export const DEFAULT_USERS: readonly SimUser[] = [
  { name: "admin", token: "admin-token", groups: ["system:masters"] },
  { name: "viewer", token: "viewer-token", groups: ["viewers"] },
];

/** Who asks, as authentication found out. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

/** Who asks without credentials. */
export const ANONYMOUS: UserInfo = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/** What is asked, as authorization sees it. */
export type AccessAttributes =
  | {
      readonly type: "resource";
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly type: "path"; readonly verb: string; readonly path: string };

/** Paths that upstream's default roles open to everyone (`system:public-info-viewer`). */
const PUBLIC_PATHS = new Set(["/healthz", "/livez", "/readyz", "/version", "/version/"]);
/** Paths that upstream's default roles open to every authenticated user (`system:discovery`). */
const DISCOVERY_PATHS = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"];

/** The users of one simulated API server, and what they may do. A user may be added or replaced at any time. */
export class Users {
  readonly #byToken = new Map<string, SimUser>();
  readonly #byName = new Map<string, SimUser>();

  constructor(users: readonly SimUser[]) {
    for (const user of users) this.set(user);
  }

  /** Adds a user, or replaces the one of that name; its old token is void at once. */
  set(user: SimUser): void {
    this.delete(user.name);
    const holder = this.#byToken.get(user.token);
    if (holder !== undefined) {
      throw new TypeError(`users ${holder.name} and ${user.name} have the same token: give each its own`);
    }
    this.#byToken.set(user.token, user);
    this.#byName.set(user.name, user);
  }

  /** Forgets a user: its token is answered 401 from then on. */
  delete(name: string): void {
    const old = this.#byName.get(name);
    if (old !== undefined) this.#byToken.delete(old.token);
    this.#byName.delete(name);
  }

  get(name: string): SimUser | undefined {
    return this.#byName.get(name);
  }

  /** The names of all users, in the order in which they came. */
  names(): string[] {
    return [...this.#byName.keys()];
  }

  /** What a token was issued for; nothing when nobody holds it. */
  audiencesOf(token: string): readonly string[] {
    const user = this.#byToken.get(token);
    return user === undefined ? [] : (user.audiences ?? [AUDIENCE]);
  }

  /** Who holds a bearer token that was issued for one of these audiences; `undefined` when nobody does. */
  byToken(token: string, audiences: readonly string[] = [AUDIENCE]): UserInfo | undefined {
    const user = this.#byToken.get(token);
    if (user === undefined || !this.audiencesOf(token).some((one) => audiences.includes(one))) return undefined;
    return {
      username: user.name,
      uid: user.uid ?? user.name,
      groups: [...(user.groups ?? []), "system:authenticated"],
    };
  }

  /** Tells whether someone may do something. `system:masters` may do all, known or not, as upstream. */
  allows(who: Pick<UserInfo, "username" | "groups">, what: AccessAttributes): boolean {
    if (who.groups.includes("system:masters")) return true;
    if (what.type === "path" && what.verb === "get") {
      if (PUBLIC_PATHS.has(what.path)) return true;
      const known = who.groups.includes("system:authenticated");
      if (known && DISCOVERY_PATHS.some((pattern) => matchesPath(pattern, what.path))) return true;
    }
    // Upstream's `system:basic-user`: everyone who is known may ask what they may do.
    if (
      what.type === "resource" &&
      what.verb === "create" &&
      ["authentication.k8s.io", "authorization.k8s.io"].includes(what.group) &&
      what.resource.startsWith("selfsubject") &&
      who.groups.includes("system:authenticated")
    ) {
      return true;
    }
    return (this.#byName.get(who.username)?.rules ?? []).some((rule) => ruleAllows(rule, what));
  }
}

function ruleAllows(rule: AccessRule, what: AccessAttributes): boolean {
  if (!includes(rule.verbs, what.verb)) return false;
  if (what.type === "path") return (rule.nonResourceURLs ?? []).some((pattern) => matchesPath(pattern, what.path));
  const resource = what.subresource === "" ? what.resource : `${what.resource}/${what.subresource}`;
  return (
    includes(rule.apiGroups ?? [], what.group) &&
    includes(rule.resources ?? [], resource) &&
    (rule.namespaces === undefined || rule.namespaces.includes(what.namespace)) &&
    (rule.resourceNames === undefined || rule.resourceNames.includes(what.name))
  );
}

function includes(allowed: readonly string[], value: string): boolean {
  return allowed.includes("*") || allowed.includes(value);
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}
