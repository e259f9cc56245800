const KEY = "krm-token";

/** The token that this tab was given. It is kept by the browser for as long as the tab is open, and by nothing else. */
export function keptToken(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a token, or with undefined forgets it. Where the browser keeps nothing, it holds until the page is loaded anew. */
export function keepToken(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is switched off.
  }
}
