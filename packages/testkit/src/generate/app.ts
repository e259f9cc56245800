import type { SeededRandom } from "../random/seeded-random.ts";
import type { JsonObject } from "../cluster/sim-object.ts";

/** One application of a generated cluster: what its deployment, service, ingress and claim are made of. */
export interface App {
  readonly name: string;
  readonly namespace: string;
  readonly team: string;
  readonly tier: "backend" | "cache" | "frontend" | "worker";
  readonly environment: "dev" | "prod" | "staging";
  readonly version: string;
  readonly replicas: number;
  readonly port: number;
  readonly hasService: boolean;
  readonly hasIngress: boolean;
  readonly hasClaim: boolean;
}

const TEAMS = ["atlas", "billing", "catalog", "checkout", "delivery", "identity", "insight", "search"] as const;
const ENVIRONMENTS = ["prod", "prod", "staging", "dev"] as const;
const DOMAINS = [
  "account",
  "cart",
  "coupon",
  "email",
  "fraud",
  "invoice",
  "ledger",
  "media",
  "order",
  "price",
  "review",
  "stock",
  "tax",
  "user",
] as const;
const ROLES = ["api", "cache", "consumer", "gateway", "indexer", "relay", "scheduler", "web", "worker"] as const;

const TIERS: Readonly<Record<(typeof ROLES)[number], App["tier"]>> = {
  api: "backend",
  cache: "cache",
  consumer: "worker",
  gateway: "frontend",
  indexer: "worker",
  relay: "backend",
  scheduler: "worker",
  web: "frontend",
  worker: "worker",
};

/** A namespace of a generated cluster, with who owns it. */
export interface AppNamespace {
  readonly name: string;
  readonly team: string;
  readonly environment: App["environment"];
}

/** `count` namespaces with names of their own: `catalog-prod`, `search-dev`, `catalog-prod-2`. */
export function makeNamespaces(random: SeededRandom, count: number): readonly AppNamespace[] {
  const taken = new Set<string>();
  return Array.from({ length: count }, () => {
    const team = random.pick(TEAMS);
    const environment = random.pick(ENVIRONMENTS);
    const name = unique(`${team}-${environment}`, taken);
    return { name, team, environment };
  });
}

/** An application with a name that is not in `taken`, which then holds it. */
export function makeApp(random: SeededRandom, where: AppNamespace, replicas: number, taken: Set<string>): App {
  const role = random.pick(ROLES);
  const hasService = random.chance(0.75);
  return {
    name: unique(`${random.pick(DOMAINS)}-${role}`, taken),
    namespace: where.name,
    team: where.team,
    tier: TIERS[role],
    environment: where.environment,
    version: `${random.integer(1, 4)}.${random.integer(0, 30)}.${random.integer(0, 9)}`,
    replicas,
    port: random.pick([3000, 8000, 8080, 9000]),
    hasService,
    hasIngress: hasService && random.chance(0.35),
    hasClaim: random.chance(0.2),
  };
}

/** The labels of everything that belongs to an application. */
export function appLabels(app: App): Record<string, string> {
  return {
    app: app.name,
    "app.kubernetes.io/instance": `${app.name}-${app.environment}`,
    "app.kubernetes.io/managed-by": "Helm",
    "app.kubernetes.io/name": app.name,
    "app.kubernetes.io/part-of": app.team,
    "app.kubernetes.io/version": app.version,
    env: app.environment,
    team: app.team,
    tier: app.tier,
  };
}

/** Adds what `kubectl apply` writes: the annotation with the manifest itself. */
export function applied<T extends JsonObject & { metadata: JsonObject }>(manifest: T): T {
  const annotations = (manifest.metadata["annotations"] ?? {}) as Record<string, string>;
  const last = `${JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, annotations } })}\n`;
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      annotations: { ...annotations, "kubectl.kubernetes.io/last-applied-configuration": last },
    },
  };
}

function unique(base: string, taken: Set<string>): string {
  let name = base;
  for (let count = 2; taken.has(name); count++) name = `${base}-${count}`;
  taken.add(name);
  return name;
}
