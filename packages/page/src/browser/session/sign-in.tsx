import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Asks for a bearer token. `give` returns what is wrong with it, if anything is. */
export function SignIn({
  hasToken,
  give,
  close,
}: {
  readonly hasToken: boolean;
  readonly give: (token: string | undefined) => string | undefined;
  readonly close: () => void;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string>();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    setWrong(text.trim() === "" ? "there is no token in the field" : give(text.trim()));
  };
  return (
    <dialog ref={dialog} class="sign-in" aria-labelledby="sign-in-title" onClose={close}>
      <form onSubmit={submit}>
        <h2 id="sign-in-title">Bearer token</h2>
        <p class="quiet">
          The page then shows what this token may read. It is kept in this tab only, until the tab is closed, and sent
          to this server only.
        </p>
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={text}
          aria-invalid={wrong !== undefined}
          aria-describedby="token-wrong"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <p id="token-wrong" class="wrong" role="alert">
          {wrong}
        </p>
        <div class="actions">
          {hasToken && (
            <button type="button" class="left" onClick={() => give(undefined)}>
              Forget the token
            </button>
          )}
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Use it
          </button>
        </div>
      </form>
    </dialog>
  );
}
