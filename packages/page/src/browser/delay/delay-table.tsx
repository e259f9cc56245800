import type { DelayMinuteStatus } from "@krm/protocol";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { formatSeconds } from "../text/time.ts";
import { QUANTILES, secondsOf } from "./delay-scale.ts";

/** What the plot shows as numbers, the newest minute first, for who asks for them. */
export function DelayTable({
  minutes,
  where,
  clock,
}: {
  readonly minutes: readonly DelayMinuteStatus[];
  readonly where: string;
  readonly clock: Intl.DateTimeFormat;
}): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <details class="numbers" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As numbers</summary>
      {open && (
        <div class="scrolled" tabIndex={0} role="region" aria-label={`Delay of events by minute${where}`}>
          <table class="small">
            <thead>
              <tr>
                <th scope="col">Minute</th>
                <th scope="col" class="number">
                  Events
                </th>
                {QUANTILES.map((quantile) => (
                  <th key={quantile} scope="col" class="number">
                    {quantile}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {minutes.toReversed().map((minute) => (
                <tr key={minute.at}>
                  <th scope="row">{clock.format(new Date(minute.at))}</th>
                  <td class="number">{minute.count}</td>
                  {QUANTILES.map((quantile) => (
                    <td key={quantile} class="number">
                      {formatSeconds(secondsOf(minute, quantile))}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
