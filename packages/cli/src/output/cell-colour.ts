import type { Colour, Paint } from "../terminal/paint.ts";

const GOOD = /^(?:Running|Completed|Succeeded|Ready|Bound|Available|Active|ADDED)$/u;
const UNDER_WAY =
  /^(?:Pending|ContainerCreating|PodInitializing|Terminating|Released|Unknown|NotReady|Init:\d.*|.*SchedulingDisabled.*)$/u;
const BAD = /^(?:Init:[A-Z].*|Err.*|Failed|.*Error|.*BackOff|Evicted|OOMKilled|NodeLost|Lost|Invalid.*|DELETED)$/u;

/** How a cell of a table is set off, by what its column says; undefined: not at all. */
export function cellColour(heading: string, cell: string): Colour | undefined {
  switch (heading) {
    case "STATUS":
    case "EVENT":
      return BAD.test(cell) ? "red" : UNDER_WAY.test(cell) ? "yellow" : GOOD.test(cell) ? "green" : undefined;
    case "READY": {
      const [, ready, wanted] = /^(\d+)\/(\d+)$/u.exec(cell) ?? [];
      return ready === wanted ? undefined : "yellow";
    }
    case "RESTARTS":
      return /^0?$/u.test(cell) ? undefined : "yellow";
    default:
      return undefined;
  }
}

/**
 * Paints a table: its heading, and the cells that {@link cellColour} sets off.
 *
 * @param heading also of rows that come without it
 */
export function tablePaint(
  paint: Paint,
  heading: readonly string[],
): (cell: string, column: number, isHeading: boolean) => string {
  return (cell, column, isHeading) => {
    const colour = isHeading ? "dim" : cellColour(heading[column] ?? "", cell);
    return colour === undefined ? cell : paint(colour, cell);
  };
}
