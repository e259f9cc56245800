import type { JSX } from "preact";
import { useState } from "preact/hooks";

/** Asks for a namespace, for whom all of them are too much. */
export function OneNamespace({ choose }: { readonly choose: (namespace: string) => void }): JSX.Element {
  const [text, setText] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (text.trim() !== "") choose(text.trim());
  };
  return (
    <form class="one-namespace" onSubmit={submit}>
      <label for="one-namespace">A namespace in which you may</label>
      <input
        id="one-namespace"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="primary">
        Watch it
      </button>
    </form>
  );
}
