import { type CommittedMeta, EMPTY_LEDGER, KrmError, NO_VIEW, type Scope, type VerificationLedger } from "@krm/core";

/** The meta of a scope's view, and the number of the commit that it came with. */
export interface ViewState {
  readonly sequence: number;
  readonly meta: CommittedMeta;
}

/** Writes the state of a view. */
export function viewText(state: ViewState): string {
  return JSON.stringify(state);
}

/** Reads what {@link viewText} wrote. */
export function readView(text: string): ViewState {
  const { sequence, meta } = parse("view", text) as ViewState;
  return { sequence, meta: { ...NO_VIEW, ...meta } };
}

/** Writes a ledger. */
export function ledgerText(ledger: VerificationLedger): string {
  return JSON.stringify(ledger);
}

/** Reads what {@link ledgerText} wrote. */
export function readLedger(text: string): VerificationLedger {
  return { ...EMPTY_LEDGER, ...(parse("ledger", text) as VerificationLedger) };
}

/** Writes the scopes, in their order. */
export function scopesText(scopes: readonly Scope[]): string {
  return JSON.stringify(scopes);
}

/** Reads what {@link scopesText} wrote. Undefined: there are none yet. */
export function readScopes(text: string | undefined): Scope[] {
  return text === undefined ? [] : (parse("scopes", text) as Scope[]);
}

function parse(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KrmError("KRM_STORE_FAILED", `the store holds a record of its ${what} that cannot be read`, {
      cause,
      hint: "Something else writes under the same names: give KRM a place of its own.",
    });
  }
}
