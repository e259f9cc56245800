import { type Clock, ROLES } from "@krm/core";
import { scopeName } from "../../monitoring/scope-name.ts";
import type { StoreChoice } from "../../options/store-url.ts";
import type { Check } from "../check.ts";
import { type Finding, ok, warning } from "../finding.ts";

/** The store: is it reached, may it be written, does its format fit; nothing is taken from whoever uses it. */
export function storeCheck(choice: StoreChoice, clock: Clock): Check {
  return { name: "store", after: [], run: async (signal) => inspect(choice, clock, signal) };
}

async function inspect(choice: StoreChoice, clock: Clock, signal: AbortSignal): Promise<readonly Finding[]> {
  switch (choice.type) {
    case "memory":
      return [ok("memory: holds what is monitored as long as the process runs")];
    case "redis":
      return inspectRedis(choice, clock, signal);
    case "sqlite": {
      const { inspectSqliteStore } = await import("@krm/keyv-store");
      const { format } = await inspectSqliteStore({ file: choice.file });
      return [ok(`${choice.shown}: ${formatText(format)}`)];
    }
    case "postgres": {
      const { inspectPostgresStore } = await import("@krm/keyv-store");
      const { format } = await inspectPostgresStore({ url: choice.url });
      return [ok(`${choice.shown}: ${formatText(format)}`)];
    }
    default:
      return choice satisfies never;
  }
}

async function inspectRedis(
  { target, shown }: StoreChoice & { readonly type: "redis" },
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { inspectRedisStore } = await import("@krm/redis-store");
  const { nodes, warnings, format, scopes } = await inspectRedisStore({ target, clock, signal });
  const versions = [...new Set(nodes.map(({ product, version }) => `${product} ${version}`))].join(", ");
  const what = versions === "" ? "" : `${versions}, `;
  const held = scopes.map(({ scope, held: roles }) => `${scopeName(scope)} (${heldText(roles)})`);
  return [
    ok(`${shown}: ${what}${formatText(format)}`),
    ...(held.length === 0 ? [] : [ok(`holds ${held.join(", ")}`)]),
    ...warnings.map(({ problem, hint }) =>
      warning(`it ${problem}`, `${hint.charAt(0).toUpperCase()}${hint.slice(1)}.`),
    ),
  ];
}

function heldText(held: readonly string[]): string {
  if (held.length === 0) return "no role held";
  return held.length === ROLES.length ? "all roles held" : `held: ${held.join(", ")}`;
}

function formatText(format: { readonly number: number; readonly version: string | undefined } | undefined): string {
  if (format === undefined) return "empty";
  return `format ${format.number}${format.version === undefined ? "" : `, begun by KRM ${format.version}`}`;
}
