import { PODS, type VerifierReport } from "@krm/core";
import type { SourceRequest } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { type Fault, FAULTS } from "./faulty-source.ts";
import { pod, settle, until } from "./support.ts";
import { apiError, watching, world, type World } from "./world.ts";

/** Where a request of the verifier can fail. */
type Place = "exact list" | "page 2 of it" | "newest list" | "object" | "list after an absence";

type FaultName = keyof typeof FAULTS;

const PLACES: readonly Place[] = ["exact list", "page 2 of it", "newest list", "object", "list after an absence"];

function placeOf(asked: SourceRequest): Place | undefined {
  if (asked.verb === "get") return "object";
  if (asked.verb !== "list" && asked.verb !== "listMetadata") return undefined;
  if (asked.request.limit === 1) return "list after an absence";
  if (asked.request.continue !== undefined) return "page 2 of it";
  return asked.request.match === "Exact" ? "exact list" : "newest list";
}

/** A monitor in which one request of the verifier fails. The stream has missed a creation and a deletion. */
class Faulty {
  readonly w: World;
  readonly #place: Place;
  readonly #fault: Fault;
  readonly requests: string[] = [];
  lossy = false;
  times = 0;
  failed = 0;

  constructor(place: Place, fault: Fault) {
    this.#place = place;
    this.#fault = fault;
    this.w = world(
      { random: () => 0, verifyEveryMs: 86_400_000 },
      { tell: (event) => (this.lossy ? [] : [event]), beforeRequest: (asked) => this.#asked(asked) },
    );
  }

  #asked(asked: SourceRequest): void {
    const place = placeOf(asked);
    if (place === undefined) return;
    // The newest list is asked for where the exact one is compacted.
    if (this.#place === "newest list" && place === "exact list" && this.times > 0)
      throw apiError({ code: 410, reason: "Expired" });
    this.requests.push(place);
    if (place !== this.#place || this.times === 0) return;
    this.times--;
    this.failed++;
    throw "error" in this.#fault ? this.#fault.error : apiError(this.#fault.status);
  }

  async meet(times: number): Promise<void> {
    await watching(this.w);
    this.lossy = true;
    pod(this.w.cluster, "missed");
    this.w.cluster.delete(PODS, "team-a", "p2");
    this.lossy = false;
    this.w.source.bookmark();
    await settle();
    this.requests.splice(0);
    this.times = times;
    this.w.monitor.verifyNow();
    await until(() => this.failed > 0, "it has failed");
    await settle();
  }

  async verifier(): Promise<VerifierReport> {
    // The roles tell the store how they are, but no second try is due.
    await this.w.clock.advance(600);
    await settle();
    return (await this.w.status()).reports.verifier as VerifierReport;
  }
}

/** What follows the failure at once: the requests, each kind once in a row, and the state that this leads to. */
async function reaction(place: Place, fault: FaultName): Promise<string> {
  const f = new Faulty(place, FAULTS[fault]);
  await f.meet(1);
  const { state, failures } = await f.verifier();
  const failed = f.requests.indexOf(place);
  const then = f.requests.slice(failed + 1).filter((one, index, all) => one !== (all[index - 1] ?? place));
  if (failures === 0) return [...then, ...f.w.verdicts].join("; ");
  const seconds = "until" in state ? ` ${(state.until - state.since) / 1000} s` : "";
  return state.phase === "blocked" ? `blocked, ${state.reason}${seconds}` : `${state.phase}${seconds}`;
}

const BACK_OFF = "backing-off 0.8 s";
const REST = "page 2 of it; object; list after an absence; drift";
const NEWEST = `newest list; ${REST}`;
/** What cannot be done at all is tried again when the next verification is due. */
const NEXT = "waiting 86400 s";

function everywhere(reaction: string): Readonly<Record<Place, string>> {
  return Object.fromEntries(PLACES.map((place) => [place, reaction])) as Record<Place, string>;
}

const EXPIRED: Readonly<Record<Place, string>> = {
  ...everywhere(BACK_OFF),
  "exact list": NEWEST,
  // The token, not the version: the list begins anew.
  "page 2 of it": `exact list; ${REST}`,
};

/** One object that the server cannot read does not keep the others from being asked; the list is believed for it. */
const UNREADABLE: Readonly<Record<Place, string>> = {
  ...everywhere(BACK_OFF),
  object: "list after an absence; exact list; page 2 of it; drift",
};

/** The server does not know the parameter. */
const NO_EXACT: Readonly<Record<Place, string>> = {
  ...everywhere(BACK_OFF),
  "exact list": NEWEST,
  "page 2 of it": `newest list; ${REST}`,
};

/** One row per fault: the compiler sees that none is left out. */
const TABLE: Readonly<Record<FaultName, Readonly<Record<Place, string>>>> = {
  "410 Expired": EXPIRED,
  "410 Gone": EXPIRED,
  "504 too large version": everywhere(BACK_OFF),
  "504 Timeout": everywhere(BACK_OFF),
  "429 Retry-After 7": everywhere("backing-off 7 s"),
  "429": everywhere(BACK_OFF),
  "500": UNREADABLE,
  "500 StoreReadError": UNREADABLE,
  "503": everywhere(BACK_OFF),
  "422": NO_EXACT,
  "400": NO_EXACT,
  "405": { ...everywhere(NEXT), object: "exact list; page 2 of it; drift" },
  // Whole lists then.
  "406": {
    ...everywhere(NEXT),
    "exact list": REST,
    "page 2 of it": `exact list; ${REST}`,
    "newest list": REST,
  },
  "401": everywhere("blocked, unauthorized 60 s"),
  "403": { ...everywhere("blocked, forbidden 60 s"), object: "exact list; page 2 of it; drift" },
  "404": everywhere("blocked, gone 60 s"),
  refused: everywhere(BACK_OFF),
  reset: everywhere(BACK_OFF),
  "half a frame": everywhere(BACK_OFF),
  undecodable: UNREADABLE,
  oversized: UNREADABLE,
  "unknown type": UNREADABLE,
  "no version": everywhere(NEXT),
  "no KrmError": everywhere(BACK_OFF),
};

describe("the verifier, after", () => {
  for (const fault of Object.keys(TABLE) as FaultName[])
    for (const place of PLACES)
      test(`${fault}: ${place}`, async () => {
        expect(await reaction(place, fault)).toBe(TABLE[fault][place]);
      });
});

describe("no fault ends it: when it is over, the verdict comes and the view is the cluster", () => {
  for (const fault of Object.keys(TABLE) as FaultName[])
    for (const place of PLACES)
      test(`${fault}: ${place}, three times`, async () => {
        const f = new Faulty(place, FAULTS[fault]);
        await f.meet(3);
        for (let tries = 0; tries < 40 && f.w.verdicts.length === 0; tries++) {
          await f.w.clock.advance(10_000);
          f.w.source.bookmark();
          await settle();
          if (tries % 10 === 9) f.w.monitor.verifyNow();
        }
        await until(f.w.equal, "the view is the cluster");
        expect(f.w.verdicts).toContain("drift");
        expect(f.w.drift.map(({ type }) => type).toSorted()).toEqual(["added", "deleted"]);
      });
});
