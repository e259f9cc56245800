import type { Freshness, ScopeStatusBody } from "@krm/protocol";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Row } from "../objects/row.ts";
import type { Session } from "../session/session.ts";
import { StatePill } from "../status/state-pill.tsx";
import { formatSpan } from "../text/time.ts";
import { objectTrust } from "./object-trust.ts";
import { useObject } from "./use-object.ts";
import { versionIn } from "./version-in.ts";
import { yamlTokens } from "./yaml-tokens.ts";

/** One object beside the table: how far it can be trusted, and what it is. */
export function ObjectDrawer({
  session,
  resource,
  objectKey,
  row,
  scope,
  now,
  close,
}: {
  readonly session: Session;
  readonly resource: string;
  readonly objectKey: string;
  /** Undefined: it is gone. */
  readonly row: Row | undefined;
  /** That it is in, where that is known. */
  readonly scope: ScopeStatusBody | undefined;
  readonly now: number;
  readonly close: () => void;
}): JSX.Element {
  const told = useObject(session, {
    resource,
    objectKey,
    version: row?.resourceVersion,
    horizon: scope?.horizon,
    state: scope?.state,
  });
  const closer = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    closer.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const [name = objectKey, namespace] = objectKey.split("/").toReversed();
  return (
    <aside
      class="drawer"
      aria-labelledby="drawer-title"
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <header>
        <div>
          <h2 id="drawer-title">{name}</h2>
          <p class="quiet">
            {resource}
            {namespace !== undefined && <> in {namespace}</>}
          </p>
        </div>
        <button type="button" ref={closer} class="close" onClick={close} aria-label="Close">
          ×
        </button>
      </header>
      {row === undefined && (
        <p class="notice fair" role="status">
          It is gone. This is its last state that was asked for.
        </p>
      )}
      {told.type === "asking" && <p class="quiet">Asking…</p>}
      {told.type === "refused" && (
        <p class="notice bad" role="alert">
          <strong>{told.code ?? "Error"}</strong> {told.message}
        </p>
      )}
      {told.type === "told" && (
        <>
          <Trust freshness={told.freshness} version={versionIn(told.yaml)} now={now} />
          <Yaml text={told.yaml} />
        </>
      )}
    </aside>
  );
}

function Trust({
  freshness,
  version,
  now,
}: {
  readonly freshness: Freshness | undefined;
  readonly version: string;
  readonly now: number;
}): JSX.Element {
  const trust = objectTrust(version, freshness);
  const { state, verifiedAt, verifiedResourceVersion, lastContact, warnings = [] } = freshness ?? {};
  const ago = (date: Date | undefined): string =>
    date === undefined ? "never" : `${formatSpan((now - date.getTime()) / 1000)} ago`;
  return (
    <section class="trust" aria-label="Trust">
      <p class={`verdict ${trust.type}`}>
        {trust.type === "verified" && "Certain, as of the last verification: a complete list settled this version."}
        {trust.type === "streamed" && "As the watch told it. It is newer than the last verification."}
        {trust.type === "unknown" && "Not verified yet: as the watch, or the first list, told it."}
      </p>
      <dl class="facts">
        <div>
          <dt>View</dt>
          <dd>{state === undefined ? "–" : <StatePill state={state} />}</dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>{version === "" ? "–" : version}</dd>
        </div>
        <div>
          <dt>Verified up to</dt>
          <dd>{verifiedResourceVersion ?? "–"}</dd>
        </div>
        <div>
          <dt>Verified</dt>
          <dd>{ago(verifiedAt)}</dd>
        </div>
        <div>
          <dt>Last contact</dt>
          <dd>{ago(lastContact)}</dd>
        </div>
      </dl>
      {warnings.map((warning) => (
        <p key={warning} class="notice fair">
          {warning}
        </p>
      ))}
    </section>
  );
}

/** Made once for each text: it may have thousands of lines, and ages beside it grow each second. */
function Yaml({ text }: { readonly text: string }): JSX.Element {
  return useMemo(
    () => (
      <pre class="yaml" tabIndex={0} role="region" aria-label="YAML">
        {text.split("\n").map((line, index) => (
          // Lines have no names of their own.
          <span key={index}>
            {yamlTokens(line).map(({ type, text: part }, at) => (
              <span key={at} class={type}>
                {part}
              </span>
            ))}
            {"\n"}
          </span>
        ))}
      </pre>
    ),
    [text],
  );
}
