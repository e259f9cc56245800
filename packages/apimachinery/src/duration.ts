const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/**
 * A duration in two or three significant figures, as AGE columns show it (`duration.HumanDuration` of
 * k8s.io/apimachinery): `90s`, `5m30s`, `47h`, `3d4h`, `2y10d`. Up to 2 s below zero, which clocks that differ explain,
 * is `0s`; further below is `<invalid>`.
 *
 * @param milliseconds The duration; parts of a second are cut off.
 */
export function durationToHuman(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (!Number.isFinite(milliseconds) || seconds < -1) return "<invalid>";
  if (seconds <= 0) return "0s";
  const minutes = Math.floor(seconds / MINUTE);
  const hours = Math.floor(seconds / HOUR);
  const days = Math.floor(seconds / DAY);
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (minutes < 10) return pair(minutes, "m", seconds % MINUTE, "s");
  if (minutes < 3 * 60) return `${minutes}m`;
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (days < 8) return pair(days, "d", hours % 24, "h");
  if (days < 2 * 365) return `${days}d`;
  const years = Math.floor(seconds / YEAR);
  return days < 8 * 365 ? pair(years, "y", days % 365, "d") : `${years}y`;
}
