import { KrmError } from "@krm/core";
import { describe, expect, test } from "vitest";
import { bookmark, event, ScriptedStream, type ScriptedWatch } from "./scripted-stream.ts";
import { settle } from "./support.ts";
import { apiError } from "./world.ts";

const watchOf = (s: ScriptedStream, index: number): ScriptedWatch => s.watches[index] as ScriptedWatch;

describe("a watch without news for 150 s", () => {
  const stalled: { readonly how: string; readonly stir: ((first: ScriptedWatch) => void) | undefined }[] = [
    { how: "that is half open", stir: undefined },
    { how: "whose server sends bytes, but no events", stir: (first) => first.put() },
    { how: "whose bookmarks stand still", stir: (first) => first.put(bookmark(7)) },
  ];
  test.for(stalled)("$how, is replaced by a second one as soon as that brings news", async ({ stir }) => {
    const s = new ScriptedStream({ from: "7" });
    await settle();
    watchOf(s, 0).put(event("ADDED", "a", 8));
    for (let i = 0; i < 14; i++) {
      await s.pass(10);
      stir?.(watchOf(s, 0));
    }
    await s.pass(9);
    expect(s.watches.length).toBe(1);
    await s.pass(1);
    expect(s.open.length).toBe(2);
    expect(watchOf(s, 1).request).toMatchObject({ resourceVersion: "8", timeoutSeconds: 150 });
    stir?.(watchOf(s, 0));
    watchOf(s, 1).put(event("MODIFIED", "a", 9));
    await s.pass(1);
    expect(s.open).toEqual([watchOf(s, 1)]);
    expect(s.told).toEqual(["applied a 8", "applied a 9"]);
    watchOf(s, 1).put(event("DELETED", "a", 12));
    await settle();
    expect(s.told.at(-1)).toBe("deleted a 12");
    expect(s.report).toMatchObject({ stalls: 1, watches: 2, failures: 0, lists: 0 });
    expect(s.measured.get("krm_watch_stalls_total")).toBe(1);
    expect(s.logged).toContain("warn: the watch was silent while a second one brought news; going on with that one");
  });

  test("is replaced for a bookmark with a newer version too, and what the second brings after it is told", async () => {
    const s = new ScriptedStream({ from: "7" });
    await s.pass(150);
    watchOf(s, 1).put(bookmark(7));
    await s.pass(20);
    expect(s.open.length).toBe(2);
    watchOf(s, 1).put(bookmark(9), event("ADDED", "b", 10));
    watchOf(s, 1).put(event("ADDED", "c", 11));
    await s.pass(1);
    expect(s.open).toEqual([watchOf(s, 1)]);
    expect(s.told).toEqual(["applied b 10", "applied c 11"]);
  });

  test("is kept when it speaks first, and the second is dropped", async () => {
    const s = new ScriptedStream({ from: "7" });
    await s.pass(150);
    expect(s.open.length).toBe(2);
    watchOf(s, 0).put(event("ADDED", "a", 8));
    await settle();
    expect(s.open).toEqual([watchOf(s, 0)]);
    expect(s.report).toMatchObject({ stalls: 0, watches: 1, failures: 0 });
  });

  test("is kept when it tells the same as the second within a second", async () => {
    const s = new ScriptedStream({ from: "7" });
    await s.pass(150);
    watchOf(s, 1).put(event("ADDED", "a", 8));
    await s.pass(0.9);
    watchOf(s, 0).put(event("ADDED", "a", 8));
    await s.pass(10);
    expect(s.open).toEqual([watchOf(s, 0)]);
    expect(s.told).toEqual(["applied a 8"]);
    expect(s.report.stalls).toBe(0);
  });

  test("that is held back by a proxy until it ends is found out by the end of the second", async () => {
    const s = new ScriptedStream({ from: "7" });
    await s.pass(150);
    // The second was asked to end after 150 s; with its end the proxy gives out what it held.
    await s.pass(150);
    watchOf(s, 1).put(event("ADDED", "a", 8), bookmark(8));
    watchOf(s, 1).end();
    await s.pass(1);
    expect(s.told).toEqual(["applied a 8"]);
    expect(s.report.stalls).toBe(1);
    expect(s.open.map(({ request }) => request)).toEqual([{ resourceVersion: "8", timeoutSeconds: 300 }]);
  });
});

describe("a quiet resource", () => {
  test("is asked about more rarely once two watches were just as silent, and never by more than one more", async () => {
    const s = new ScriptedStream({ from: "7", endsInTime: true, random: 0.99 });
    let most = 0;
    for (let seconds = 0; seconds < 7200; seconds += 10) {
      await s.clock.advance(10_000);
      most = Math.max(most, s.open.length);
    }
    const asked = s.watches.map(({ request }) => request.timeoutSeconds);
    expect(asked.slice(0, 7)).toEqual([597, 150, 597, 300, 597, 300, 597]);
    expect(most).toBe(2);
    expect(s.report).toMatchObject({ stalls: 0, failures: 0, lists: 0 });
    expect(s.report.watches).toBe(asked.filter((seconds) => seconds === 597).length);
  });

  test("is watched as closely as at first after a stall", async () => {
    const s = new ScriptedStream({ from: "7", endsInTime: true, random: 0.99 });
    await s.pass(597 + 300);
    expect(s.watches.map(({ request }) => request.timeoutSeconds)).toEqual([597, 150, 597, 300]);
    watchOf(s, 3).put(event("ADDED", "a", 8));
    await s.pass(1);
    expect(s.report.stalls).toBe(1);
    await s.pass(150);
    expect(s.watches.at(-1)?.request).toEqual({ resourceVersion: "8", timeoutSeconds: 150 });
  });

  test("whose second watch ends at once is asked again: that told nothing", async () => {
    const s = new ScriptedStream({ from: "7" });
    await s.pass(150);
    watchOf(s, 1).end();
    await s.pass(0);
    expect(s.report.failures).toBe(1);
    await s.pass(0.8);
    expect(s.open.length).toBe(2);
  });
});

describe("the second watch", () => {
  const failures: { readonly what: string; readonly error: Error; readonly waitsSeconds: number }[] = [
    { what: "429 with Retry-After", error: apiError({ code: 429, retryAfterSeconds: 20 }), waitsSeconds: 20 },
    { what: "503", error: apiError({ code: 503 }), waitsSeconds: 0.8 },
    { what: "a refused connection", error: new KrmError("KRM_CONNECTION", "refused"), waitsSeconds: 0.8 },
    { what: "403", error: apiError({ code: 403 }), waitsSeconds: 60 },
    { what: "404", error: apiError({ code: 404 }), waitsSeconds: 60 },
    { what: "what is no KrmError", error: new TypeError("fetch failed"), waitsSeconds: 0.8 },
  ];
  test.for(failures)(
    "that fails by $what is asked again later, and the first goes on",
    async ({ error, waitsSeconds }) => {
      const s = new ScriptedStream({
        from: "7",
        onWatch: (_, count) => {
          if (count === 2) throw error;
        },
      });
      await s.pass(150);
      expect(s.asked).toBe(2);
      expect(s.report).toMatchObject({ state: { phase: "watching" }, failures: 1 });
      await s.pass(waitsSeconds - 0.1);
      expect(s.asked).toBe(2);
      await s.pass(0.1);
      expect(s.asked).toBe(3);
      expect(s.open.length).toBe(2);
      watchOf(s, 0).put(event("ADDED", "a", 8));
      await settle();
      expect(s.told).toEqual(["applied a 8"]);
    },
  );

  test("that is told that the position has expired ends the first: nobody can tell what came after it but a list", async () => {
    const s = new ScriptedStream({ from: "7" });
    await s.pass(150);
    watchOf(s, 1).put({
      type: "ERROR",
      status: { code: 410, reason: "Expired", message: "too old", retryAfterSeconds: undefined },
    });
    await settle();
    expect(s.report.desyncs.expired).toBe(1);
    expect(s.watches.at(-1)?.request).toMatchObject({ initialEvents: true, resourceVersion: "7" });
    expect(s.open.length).toBe(1);
  });

  test("that brings what cannot be read ends the first, which has not even brought that", async () => {
    const s = new ScriptedStream({ from: "7" });
    await s.pass(150);
    watchOf(s, 1).end(new KrmError("KRM_DECODE", "no frame"));
    await settle();
    expect(s.report.desyncs.undecodable).toBe(1);
    expect(s.open.map(({ request }) => request.initialEvents)).toEqual([true]);
  });

  test("that is not answered is given up, and asked again", async () => {
    const s = new ScriptedStream({
      from: "7",
      onWatch: (_, count) => (count === 2 ? new Promise<void>(() => {}) : undefined),
    });
    await s.pass(150);
    await s.pass(65);
    expect(s.report).toMatchObject({ state: { phase: "watching" }, failures: 1 });
    await s.pass(0.8);
    expect(s.asked).toBe(3);
  });

  test("ends with the stream", async () => {
    const s = new ScriptedStream({ from: "7" });
    await s.pass(150);
    expect(s.open.length).toBe(2);
    s.streamer.resync("overflow");
    await settle();
    expect(s.open.map(({ request }) => request.initialEvents)).toEqual([true]);
  });
});

describe("a dead server", () => {
  test("that accepts watches and says nothing is found out 5 s after a watch should have ended, by heartbeats too", async () => {
    const s = new ScriptedStream({ from: "7" });
    for (let i = 0; i < 30; i++) {
      await s.pass(10);
      for (const watch of s.open) watch.put();
    }
    expect(s.report.failures).toBe(0);
    await s.pass(5);
    expect(s.report).toMatchObject({
      failures: 1,
      state: { phase: "backing-off", error: { code: "KRM_WATCH_SILENT" } },
    });
    expect(s.open).toEqual([]);
    await s.pass(1);
    expect(s.watches.at(-1)?.request).toMatchObject({ resourceVersion: "7" });
    expect(s.report.lists).toBe(0);
  });

  test("that does not answer a watch is given up after 65 s", async () => {
    const s = new ScriptedStream({ from: "7", onWatch: () => new Promise<void>(() => {}) });
    await s.pass(64.9);
    expect(s.report).toMatchObject({ failures: 0, state: { phase: "connecting" } });
    await s.pass(0.1);
    expect(s.report).toMatchObject({
      failures: 1,
      state: { phase: "backing-off", error: { code: "KRM_WATCH_SILENT" } },
    });
  });
});

describe("silence is told", () => {
  test("by telemetry, and by the report as the time of the last news", async () => {
    const s = new ScriptedStream({ from: "7" });
    await settle();
    watchOf(s, 0).put(event("ADDED", "a", 8));
    await settle();
    const heardAt = s.clock.now();
    await s.pass(10);
    watchOf(s, 0).put();
    watchOf(s, 0).put(bookmark(8));
    await s.pass(80);
    expect(s.report).toMatchObject({ silentSince: heardAt, lastContact: heardAt + 10_000 });
    expect(s.measured.get("krm_watch_silence_seconds")).toBe(90);
    watchOf(s, 0).put(bookmark(9));
    await s.pass(0);
    expect(s.report.silentSince).toBe(s.clock.now());
    await s.pass(30);
    expect(s.measured.get("krm_watch_silence_seconds")).toBe(30);
    // Another watch is no news.
    s.streamer.rewatch();
    await s.pass(30);
    expect(s.measured.get("krm_watch_silence_seconds")).toBe(60);
  });

  test("to readers: bytes without a frame are no contact", async () => {
    const s = new ScriptedStream({ from: "7" });
    await s.pass(10);
    const heard = s.inputs.filter(({ type }) => type === "heard").length;
    watchOf(s, 0).put();
    await settle();
    expect(s.inputs.filter(({ type }) => type === "heard").length).toBe(heard);
    watchOf(s, 0).put(bookmark(7));
    await settle();
    expect(s.inputs.filter(({ type }) => type === "heard").length).toBe(heard + 1);
  });
});
