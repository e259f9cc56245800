import type { MergerStatus, MissedEventStatus } from "@krm/protocol";
import type { JSX } from "preact";
import { MISSED_TYPES } from "../status/missed.ts";
import { formatSeconds, formatSpan, secondsSince } from "../text/time.ts";

/** Of the missed events that are told one by one, so many are shown. */
const MOST_RECENT = 20;

/** What verification found the watch to have missed. */
export function Ledger({
  merger,
  where,
  now,
}: {
  readonly merger: MergerStatus | undefined;
  /** What is added to its name, so that it is told from others: ` in team-a`, or nothing. */
  readonly where: string;
  readonly now: number;
}): JSX.Element {
  return (
    <section class="card" aria-label={`Missed by the watch${where}`}>
      <h3>Missed by the watch</h3>
      {merger === undefined ? (
        <p class="quiet">Nothing has reported yet.</p>
      ) : (
        <Known merger={merger} where={where} now={now} />
      )}
    </section>
  );
}

function Known({
  merger,
  where,
  now,
}: {
  readonly merger: MergerStatus;
  readonly where: string;
  readonly now: number;
}): JSX.Element {
  const causes = Object.entries(merger.missedByCause);
  if (causes.length === 0) {
    const count = Object.values(merger.verifications).reduce((sum, each) => sum + each, 0);
    return (
      <p class="quiet">
        {count === 0
          ? "No verification has ended yet: what the watch missed, if anything, is not known."
          : `Nothing, by ${count} verification${count === 1 ? "" : "s"}.`}
      </p>
    );
  }
  const recent = merger.recent.toReversed().slice(0, MOST_RECENT);
  return (
    <>
      <div class="scrolled" tabIndex={0} role="region" aria-label={`Missed events by cause${where}`}>
        <table class="small">
          <thead>
            <tr>
              <th scope="col">Cause</th>
              {MISSED_TYPES.map((type) => (
                <th key={type} scope="col" class="number">
                  {type}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {causes.map(([cause, types]) => (
              <tr key={cause}>
                <th scope="row">{cause}</th>
                {MISSED_TYPES.map((type) => (
                  <td key={type} class="number">
                    {types[type]}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="quiet">
        All found and put right. Readers could see a wrong state for {formatSeconds(merger.exposure.longestSeconds)} at
        most.
      </p>
      {recent.length > 0 && (
        <ol class="recent scrolled" tabIndex={0} aria-label={`Newest missed events${where}`}>
          {recent.map((event) => (
            <Missed key={`${event.key} ${event.foundAt} ${event.type}`} event={event} now={now} />
          ))}
        </ol>
      )}
    </>
  );
}

function Missed({ event, now }: { readonly event: MissedEventStatus; readonly now: number }): JSX.Element {
  const since = secondsSince(event.foundAt, now);
  return (
    <li>
      <span class={`tag ${event.type}`}>{event.type}</span>
      <span class="mono key" title={event.key}>
        {event.key}
      </span>
      <span
        class="quiet number"
        title={`seen wrong for ${formatSeconds(event.exposedSeconds)} at most, by ${event.cause}`}
      >
        {since === undefined ? "" : `${formatSpan(since)} ago`}
      </span>
    </li>
  );
}
