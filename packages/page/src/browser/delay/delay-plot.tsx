import type { DelayMinuteStatus, DelaysStatus } from "@krm/protocol";
import type { JSX, TargetedPointerEvent } from "preact";
import { useState } from "preact/hooks";
import { useWidth } from "../look/use-width.ts";
import { formatSeconds } from "../text/time.ts";
import { DelayTable } from "./delay-table.tsx";
import { highest, layOut, QUANTILES, secondsOf } from "./delay-scale.ts";

const HEIGHT = 150;
const LEFT = 46;
const BOTTOM = 22;
const TOP = 8;
const MINUTE_MS = 60_000;
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** How late events were, minute by minute of the last hour. */
export function DelayPlot({
  delays,
  where,
  now,
}: {
  readonly delays: DelaysStatus | undefined;
  /** What is added to its name, so that it is told from others: ` in team-a`, or nothing. */
  readonly where: string;
  readonly now: number;
}): JSX.Element {
  const [at, setAt] = useState<number>();
  const minutes = delays?.minutes ?? [];
  const shown = at === undefined ? minutes.at(-1) : nearest(minutes, at);
  return (
    <section class="card" aria-label={`Delay of events${where}`}>
      <div class="titled">
        <h3>Delay of events, last hour</h3>
        {shown !== undefined && <Legend minute={shown} />}
      </div>
      {minutes.length === 0 ? (
        <p class="empty">
          {delays === undefined
            ? "This server's process does not measure delays: see krm metrics."
            : "No event was measured yet in this process."}
        </p>
      ) : (
        <>
          <Drawing minutes={minutes} now={now} marked={at === undefined ? undefined : shown} point={setAt} />
          <p class="caption">Times of the API server are whole seconds: a delay may be too long by up to one.</p>
          <DelayTable minutes={minutes} where={where} clock={clock} />
        </>
      )}
    </section>
  );
}

function Legend({ minute }: { readonly minute: DelayMinuteStatus }): JSX.Element {
  return (
    <p class="legend">
      {QUANTILES.map((quantile) => (
        <span key={quantile} class={`line-${quantile}`}>
          {quantile} <b>{formatSeconds(secondsOf(minute, quantile))}</b>
        </span>
      ))}
      <span class="quiet">
        {clock.format(new Date(minute.at))}, {minute.count} event{minute.count === 1 ? "" : "s"}
      </span>
    </p>
  );
}

function Drawing({
  minutes,
  now,
  marked,
  point,
}: {
  readonly minutes: readonly DelayMinuteStatus[];
  readonly now: number;
  readonly marked: DelayMinuteStatus | undefined;
  readonly point: (at: number | undefined) => void;
}): JSX.Element {
  const [box, total] = useWidth<SVGSVGElement>();
  const width = total - LEFT;
  const height = HEIGHT - BOTTOM - TOP;
  const end = Math.ceil(now / MINUTE_MS) * MINUTE_MS;
  const plot = layOut(minutes, end, { width, height });
  const move = (event: TargetedPointerEvent<SVGSVGElement>): void => {
    const share = (event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT) / width;
    point(end - (1 - share) * 60 * MINUTE_MS);
  };
  const summary = QUANTILES.map((each) => `${each} at most ${formatSeconds(highest(minutes, each))}`).join(", ");
  return (
    <svg
      ref={box}
      class="plot"
      height={HEIGHT}
      role="img"
      aria-label={`Delay of events by minute, over ${minutes.length} minutes: ${summary}`}
      onPointerMove={move}
      onPointerLeave={() => point(undefined)}
    >
      <g transform={`translate(${LEFT} ${TOP})`}>
        {plot.marks.map(({ seconds, y }) => (
          <g key={seconds}>
            <line class="rule" x1={0} x2={width} y1={y} y2={y} />
            <text x={-8} y={y + 4} text-anchor="end">
              {formatSeconds(seconds)}
            </text>
          </g>
        ))}
        {(width < 420 ? [60, 30, 0] : [60, 45, 30, 15, 0]).map((ago) => (
          <text
            key={ago}
            x={plot.x(end - ago * MINUTE_MS)}
            y={height + 17}
            text-anchor={ago === 60 ? "start" : ago === 0 ? "end" : "middle"}
          >
            {ago === 0 ? "now" : `−${ago} min`}
          </text>
        ))}
        {marked !== undefined && (
          <line class="cursor" x1={mid(plot.x, marked)} x2={mid(plot.x, marked)} y1={0} y2={height} />
        )}
        {QUANTILES.map((quantile) => (
          <path key={quantile} class={`line line-${quantile}`} d={plot.lines[quantile]} />
        ))}
        {[...plot.lone, ...(marked === undefined ? [] : [marked])].map((minute) =>
          QUANTILES.map((quantile) => (
            <circle
              key={`${minute.at} ${quantile}`}
              class={`line-${quantile}`}
              cx={mid(plot.x, minute)}
              cy={plot.y(secondsOf(minute, quantile))}
              r={3}
            />
          )),
        )}
      </g>
    </svg>
  );
}

function mid(x: (at: number) => number, { at }: DelayMinuteStatus): number {
  return x(Date.parse(at) + MINUTE_MS / 2);
}

function nearest(minutes: readonly DelayMinuteStatus[], at: number): DelayMinuteStatus | undefined {
  const distance = (minute: DelayMinuteStatus): number => Math.abs(Date.parse(minute.at) + MINUTE_MS / 2 - at);
  return minutes.toSorted((a, b) => distance(a) - distance(b))[0];
}
