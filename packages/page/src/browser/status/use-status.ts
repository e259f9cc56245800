import { useEffect, useState } from "preact/hooks";
import type { Session } from "../session/session.ts";
import { followStatus, type StatusNews } from "./follow-status.ts";
import { knownResources } from "./known-resources.ts";

/** The server's status, followed. */
export function useStatus(session: Session): StatusNews {
  const [news, setNews] = useState<StatusNews>({ type: "asking" });
  useEffect(() => {
    const over = new AbortController();
    followStatus(session, over.signal, setNews).catch(() => {});
    return () => over.abort();
  }, [session]);
  return news;
}

/** What is watched, where the status is not to be seen; undefined: not known yet, or nobody is told. */
export function useKnownResources(session: Session, needed: boolean): readonly string[] | undefined {
  const [resources, setResources] = useState<readonly string[]>();
  useEffect(() => {
    if (!needed) return undefined;
    const over = new AbortController();
    // Where that is refused too, the status says why.
    knownResources(session, over.signal).then(setResources, () => {});
    return () => over.abort();
  }, [session, needed]);
  return resources;
}
