import type { ScopeStatusBody } from "@krm/protocol";
import type { JSX } from "preact";
import { formatSpan, secondsSince } from "../text/time.ts";
import { scopeKey } from "./event-rates.ts";
import type { KnownStatus } from "./follow-status.ts";
import { missedCount } from "./missed.ts";
import { StatePill } from "./state-pill.tsx";

/** All that is watched, a line each. */
export function Overview({
  status,
  now,
  selected,
  select,
}: {
  readonly status: KnownStatus;
  /** By the server's clock. */
  readonly now: number;
  readonly selected: string | undefined;
  readonly select: (resource: string) => void;
}): JSX.Element {
  return (
    <div class="card overview">
      {/* Narrow screens scroll it. */}
      <div class="scrolled" tabIndex={0} role="region" aria-label="Watched resources">
        <table>
          <thead>
            <tr>
              <th scope="col">Resource</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Objects
              </th>
              <th scope="col" class="number">
                Events/s
              </th>
              <th scope="col" class="number">
                Verified
              </th>
              <th scope="col" class="number">
                Silent for
              </th>
              <th scope="col" class="number">
                Stream position
              </th>
              <th scope="col" class="number">
                Missed
              </th>
            </tr>
          </thead>
          <tbody>
            {status.body.scopes.map((scope) => (
              <OverviewRow
                key={scopeKey(scope)}
                scope={scope}
                rate={status.rates.get(scopeKey(scope))}
                now={now}
                selected={scope.resource === selected}
                select={select}
              />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function OverviewRow({
  scope,
  rate,
  now,
  selected,
  select,
}: {
  readonly scope: ScopeStatusBody;
  readonly rate: number | undefined;
  readonly now: number;
  readonly selected: boolean;
  readonly select: (resource: string) => void;
}): JSX.Element {
  const missed = missedCount(scope);
  return (
    <tr class={selected ? "selected" : ""} onClick={() => select(scope.resource)}>
      <th scope="row">
        <button type="button" class="link" aria-pressed={selected}>
          {scope.name}
        </button>
        {scope.namespace !== undefined && <span class="quiet"> in {scope.namespace}</span>}
      </th>
      <td>
        <StatePill state={scope.state} />
      </td>
      <td class="number">{scope.objects.toLocaleString("en")}</td>
      <td class="number">{rate === undefined ? "–" : rate.toFixed(1)}</td>
      <td class="number">{ago(scope.verifiedAt, now)}</td>
      <td class="number">{span(scope.streamer?.silentSince, now)}</td>
      <td class="number">{scope.streamedThrough ?? "–"}</td>
      <td class={`number ${missed === 0 ? "" : "drifted"}`}>{scope.merger === undefined ? "–" : missed}</td>
    </tr>
  );
}

function ago(time: string | undefined, now: number): string {
  const seconds = secondsSince(time, now);
  return seconds === undefined ? "never" : `${formatSpan(seconds)} ago`;
}

function span(time: string | undefined, now: number): string {
  const seconds = secondsSince(time, now);
  return seconds === undefined ? "–" : formatSpan(seconds);
}
