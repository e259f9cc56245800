import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { keepToken, keptToken } from "./session/kept-token.ts";
import { openSession, type Session } from "./session/session.ts";
import { SignIn } from "./session/sign-in.tsx";
import { Desk } from "./desk.tsx";

/** The page: who looks, and then what there is to see. */
export function App({ base }: { readonly base: string }): JSX.Element {
  const [token, setToken] = useState(keptToken);
  const [asking, setAsking] = useState(false);
  const opened = useMemo(() => open(base, token), [base, token]);
  const give = useCallback(
    (given: string | undefined): string | undefined => {
      const next = open(base, given);
      if (next.error !== undefined) return next.error;
      keepToken(given);
      setToken(given);
      setAsking(false);
      return undefined;
    },
    [base],
  );
  const ask = useCallback(() => setAsking(true), []);
  useEffect(() => {
    // One that was kept but cannot be used any more, such as after a move to plain HTTP.
    if (opened.error !== undefined) keepToken(undefined);
  }, [opened.error]);
  return (
    <>
      {opened.session === undefined ? (
        <main class="gate">
          <p role="alert">{opened.error}</p>
          <button type="button" class="primary" onClick={ask}>
            Give a token
          </button>
        </main>
      ) : (
        // With another reader nothing of what the one before could see is left.
        <Desk key={token ?? ""} session={opened.session} askForToken={ask} />
      )}
      {asking && <SignIn hasToken={token !== undefined} give={give} close={() => setAsking(false)} />}
    </>
  );
}

type Opened =
  | { readonly session: Session; readonly error?: undefined }
  | { readonly session?: undefined; readonly error: string };

function open(base: string, token: string | undefined): Opened {
  try {
    return { session: openSession(base, token) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
