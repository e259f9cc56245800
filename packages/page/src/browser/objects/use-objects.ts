import { useEffect, useMemo, useState } from "preact/hooks";
import type { Session } from "../session/session.ts";
import type { Column } from "./columns.ts";
import { type Followed, type Following, followObjects } from "./follow-objects.ts";
import { RowFollower, type RowSet } from "./row-set.ts";

/** With more rows than this, they are not drawn for each frame. */
const MANY = 2000;
const MANY_EVERY_MS = 300;

/** The objects of a resource, followed; `version` rises when they are to be drawn anew. */
export function useObjects(
  session: Session,
  { resource, namespace }: Followed,
  columns: readonly Column[],
): { readonly set: RowSet; readonly following: Following; readonly version: number } {
  const [following, setFollowing] = useState<Following>({ type: "connecting" });
  const [version, setVersion] = useState(0);
  const rows = useMemo(() => new RowFollower(columns), [session, resource, namespace, columns]);
  useEffect(() => {
    const over = new AbortController();
    let waiting = false;
    const draw = (): void => {
      waiting = false;
      if (!over.signal.aborted) setVersion((before) => before + 1);
    };
    const changed = (): void => {
      if (waiting) return;
      waiting = true;
      if (rows.rows.size > MANY) setTimeout(draw, MANY_EVERY_MS);
      else requestAnimationFrame(draw);
    };
    const tell = (news: Following): void => {
      if (over.signal.aborted) return;
      setFollowing(news);
      draw();
    };
    followObjects(session, { resource, namespace }, { rows, signal: over.signal, tell, changed }).catch(() => {});
    return () => over.abort();
  }, [session, resource, namespace, rows]);
  return { set: rows, following, version };
}
