import type { Freshness, ViewState } from "@krm/protocol";
import { useEffect, useRef, useState } from "preact/hooks";
import { pause } from "../session/pause.ts";
import { Refusal, type Session } from "../session/session.ts";
import { objectPath } from "./object-path.ts";

/** An object as the server tells it, byte for byte, and how far that can be trusted. */
export type ToldObject =
  | { readonly type: "asking" }
  | { readonly type: "told"; readonly yaml: string; readonly freshness: Freshness | undefined }
  | { readonly type: "refused"; readonly code: number | undefined; readonly message: string };

/** What is asked about. */
export interface AskedObject {
  readonly resource: string;
  readonly objectKey: string;
  /** As the watch told it; undefined: it is gone. */
  readonly version: string | undefined;
  /** Up to where all is verified, where that is known. */
  readonly horizon: string | undefined;
  /** Of the view that it is in, where that is known. */
  readonly state: ViewState | undefined;
}

/** What changes again and again is asked for no more often. Milliseconds. */
const SETTLE_MS = 250;
const AGAIN_MS = 5000;

/**
 * One object, asked for anew when the watch tells another version, and when a verification has come further or its view is in
 * another state: then it may be trusted more, or less. Of one that is gone the last state is kept.
 */
export function useObject(session: Session, { resource, objectKey, version, horizon, state }: AskedObject): ToldObject {
  const [told, setTold] = useState<ToldObject>({ type: "asking" });
  const askedAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    if (version === undefined) return undefined;
    const over = new AbortController();
    const { signal } = over;
    const ask = async (): Promise<void> => {
      await pause(Math.max(0, askedAt.current + SETTLE_MS - performance.now()), signal);
      for (;;) {
        askedAt.current = performance.now();
        try {
          const asked = { accept: "application/yaml", signal };
          const { text, freshness } = await session.get(objectPath(resource, objectKey), asked);
          setTold({ type: "told", yaml: text, freshness });
          return;
        } catch (error) {
          signal.throwIfAborted();
          const code = error instanceof Refusal ? error.status : undefined;
          // It went between the watch and the question: the watch tells that too.
          if (code === 404 && told.type === "told") return;
          setTold({ type: "refused", code, message: (error as Error).message });
          if (code === 401 || code === 403) return;
          await pause(AGAIN_MS, signal, session.news);
        }
      }
    };
    ask().catch(() => {});
    return () => over.abort();
  }, [session, resource, objectKey, version, horizon, state]);
  return told;
}
