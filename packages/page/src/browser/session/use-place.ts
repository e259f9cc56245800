import { useCallback, useEffect, useState } from "preact/hooks";
import { formatPlace, parsePlace, type Place } from "./place.ts";

/** The place that the address names, and how to go elsewhere. A filter replaces the entry of the history, a resource adds one. */
export function usePlace(): readonly [place: Place, go: (place: Place) => void] {
  const [place, setPlace] = useState(() => parsePlace(location.hash));
  useEffect(() => {
    const over = new AbortController();
    addEventListener("hashchange", () => setPlace(parsePlace(location.hash)), { signal: over.signal });
    return () => over.abort();
  }, []);
  const go = useCallback((next: Place) => {
    setPlace((before) => {
      const address = formatPlace(next);
      if (before.resource === next.resource) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
      return next;
    });
  }, []);
  return [place, go];
}
