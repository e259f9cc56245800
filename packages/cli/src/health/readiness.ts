import { DEFAULT_STALENESS, scopeId } from "@krm/core";
import type { RoleBoard } from "../roles/role-board.ts";
import type { ScopeRole } from "../roles/scope-role.ts";

/** One line of the answer. Without what an error says: that may name hosts. */
export interface ReadinessCheck {
  readonly ready: boolean;
  readonly line: string;
}

/**
 * Whether each scope's role is held or stood by for, and is not kept from its work by something that somebody has to
 * mend. Pure.
 */
export function readiness(board: RoleBoard): readonly ReadinessCheck[] {
  if (board.roles.length === 0) return [{ ready: false, line: `${board.resource}: what it is, is looked up` }];
  return board.roles.map((each) => check(each, board.store.failingSeconds(scopeId(each.scope)) * 1000));
}

function check(each: ScopeRole, failingMs: number): ReadinessCheck {
  const line = `${scopeId(each.scope)} ${each.standing ?? "starting"}`;
  if (each.standing === undefined || each.standing === "waiting-for-store") return { ready: false, line };
  if (each.standing === "standing-by") return { ready: true, line };
  // A verdict that a server gives of a view, too, comes after this long.
  if (failingMs > DEFAULT_STALENESS.disconnectedMs) return { ready: false, line: `${line}, the store fails` };
  const state = each.role === "merger" ? undefined : each.report?.state;
  if (state?.phase === "blocked") return { ready: false, line: `${line}, ${state.reason} (${state.error.code})` };
  return { ready: true, line };
}
