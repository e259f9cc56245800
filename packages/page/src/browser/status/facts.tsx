import type { ScopeStatusBody } from "@krm/protocol";
import type { ComponentChildren, JSX } from "preact";
import { formatBytes } from "../objects/quantity.ts";
import { formatSpan, secondsSince } from "../text/time.ts";
import { StatePill } from "./state-pill.tsx";

/** What is known of one scope beyond its line in the overview. */
export function Facts({ scope, now }: { readonly scope: ScopeStatusBody; readonly now: number }): JSX.Element {
  const { streamer, merger } = scope;
  const contact = secondsSince(scope.lastContact, now);
  const verified = secondsSince(scope.verifiedAt, now);
  return (
    <>
      {scope.error !== undefined && (
        <p class="notice bad" role="status">
          <strong>{scope.error.code}</strong> {scope.error.message}
          {scope.error.hint !== undefined && <> {scope.error.hint}</>}
        </p>
      )}
      <dl class="facts">
        <Fact name="State">
          <StatePill state={scope.state} />
        </Fact>
        <Fact name="Last contact">{contact === undefined ? "none" : `${formatSpan(contact)} ago`}</Fact>
        <Fact name="Stream">{streamer === undefined ? "no report" : phase(streamer)}</Fact>
        <Fact name="Stream position">{scope.streamedThrough ?? "–"}</Fact>
        <Fact name="Verified up to">{scope.horizon ?? "–"}</Fact>
        <Fact name="Verified">{verified === undefined ? "never" : `${formatSpan(verified)} ago`}</Fact>
        <Fact name="Verifications">{merger === undefined ? "–" : verifications(merger.verifications)}</Fact>
        <Fact name="Size">{formatBytes(scope.bytes) || "0 B"}</Fact>
      </dl>
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function phase({ phase: word, reason }: { readonly phase: string; readonly reason?: string }): string {
  return reason === undefined ? word : `${word}: ${reason}`;
}

function verifications(counts: Readonly<Record<string, number>>): string {
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  return told.length === 0 ? "none yet" : told.map(([word, count]) => `${count} ${word}`).join(", ");
}
