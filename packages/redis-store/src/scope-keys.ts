import { type Scope, scopeId } from "@krm/core";

/** Where one scope's state is kept, and the channels on which its changes are told. */
export interface ScopeKeys {
  /** In the order of `scripts/includes/scope-keys.lua`. */
  readonly all: readonly string[];
  readonly state: string;
  readonly objects: string;
  readonly index: string;
  readonly feed: string;
  readonly staging: string;
  readonly asks: string;
  /** Of the feed's readers; no script touches it. */
  readonly checkpoints: string;
  /** Told at each commit. */
  readonly viewChannel: string;
  /** Told at each append to a log. */
  readonly logChannel: string;
}

/** In the order of `scripts/includes/scope-keys.lua`. */
const SUFFIXES = [
  "state",
  "leases",
  "objects",
  "index",
  "feed",
  "sizes",
  "staging",
  "streamer-log",
  "verifier-log",
  "reports",
  "asks",
] as const;

/**
 * The keys of a scope: `krm:{v1/pods@team-a}:state`. The braces are a hash tag, so that all of them are in one slot of a
 * cluster. Neither a prefix nor a scope's id can hold a brace, so two scopes never share a key.
 */
export function scopeKeys(prefix: string, scope: Scope): ScopeKeys {
  const at = (suffix: string): string => `${prefix}:{${scopeId(scope)}}:${suffix}`;
  return {
    all: SUFFIXES.map(at),
    state: at("state"),
    objects: at("objects"),
    index: at("index"),
    feed: at("feed"),
    staging: at("staging"),
    asks: at("asks"),
    checkpoints: at("checkpoints"),
    viewChannel: at("view"),
    logChannel: at("logs"),
  };
}

/** Which scopes there are. */
export function scopesKey(prefix: string): string {
  return `${prefix}:scopes`;
}

/** In which format everything under the prefix is kept. */
export function formatKey(prefix: string): string {
  return `${prefix}:format`;
}
