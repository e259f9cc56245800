import type { Clock } from "@krm/core";
import { classifyFailure, type Outcome } from "../exchange/classify-failure.ts";
import type { Contact } from "../exchange/contact.ts";
import type { DatabaseCreation } from "../exchange/database-creation.ts";
import { advanced, divided, type Division, undivided } from "./division.ts";
import { type Failure, failureError } from "../exchange/failure-error.ts";
import type { InfluxConnection } from "../exchange/influx-connection.ts";
import type { OutboxBounds } from "../waiting/outbox.ts";
import type { RefusalReason } from "../exchange/refusal.ts";
import type { Tally } from "./tally.ts";
import type { InfluxTarget } from "../target.ts";

/** Lines that are out to be sent. Ends with one call of `done`. */
export interface Shipment {
  readonly lines: readonly string[];
  readonly bytes: number;
  /** The place of the first line among all lines. */
  readonly first: number;
  /** The first `count` lines are done with; the others wait again. */
  done(count: number): void | Promise<void>;
}

/** Where lines come from: memory, or a segment on disk. */
export interface Source {
  /** The place of its oldest line. */
  readonly first: number;
  /** The oldest lines; `exactly`: also in the middle of an offer. Undefined: there are none. */
  take(bounds: OutboxBounds & { readonly exactly: boolean }): Shipment | undefined;
}

/** What an attempt leads to. */
export type Step =
  /** Go on at once. */
  | { readonly type: "go-on" }
  /** After a failure: the same lines again, after so many milliseconds. */
  | { readonly type: "wait"; readonly ms: number }
  /** Broken off by the signal: nothing is known of the lines, and they wait. */
  | { readonly type: "aborted" };

/** What a {@link Delivery} works with. */
export interface DeliveryOptions {
  readonly target: InfluxTarget;
  readonly connection: InfluxConnection;
  readonly database: DatabaseCreation;
  readonly contact: Contact;
  readonly tally: Tally;
  readonly clock: Clock;
  /** Of a request. */
  readonly batch: OutboxBounds;
}

const GO_ON: Step = { type: "go-on" };

/** Sends the oldest lines of a source, one request at a time, and sees to what the reply means for them. */
export class Delivery {
  readonly #options: DeliveryOptions;
  #division: Division | undefined;
  /** What a request may hold: less after a 413, for as long as this lives. */
  #mostBytes: number;
  /** All lines before this place have been sent at least once, in an exchange that failed. */
  #triedTo = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#mostBytes = options.batch.bytes;
  }

  /** Sees to it that there is a database to write to. Without lines being out: it may take long. */
  async prepare(signal: AbortSignal): Promise<Step> {
    const { database, connection, clock } = this.#options;
    const failure = await database.ensure(connection, clock.now(), signal);
    if (failure === undefined) return GO_ON;
    return failure.type === "aborted" ? failure : this.#failed(failure);
  }

  /** One request. Takes the lines before it first awaits. */
  async attempt(source: Source, signal: AbortSignal): Promise<Step> {
    const { batch, connection, clock, tally } = this.#options;
    // Another place: what was divided has been dropped, or put on disk, or another source is older.
    if (this.#division?.at !== source.first) this.#division = undefined;
    const lines = this.#division?.sizes[0] ?? batch.lines;
    const shipment = source.take({ lines, bytes: this.#mostBytes, exactly: this.#division !== undefined });
    if (shipment === undefined) return GO_ON;
    const end = shipment.first + shipment.lines.length;
    if (shipment.first < this.#triedTo) tally.retried += Math.min(end, this.#triedTo) - shipment.first;
    const outcome = classifyFailure(await connection.write(shipment.lines, signal), clock.now());
    return this.#settle(outcome, shipment);
  }

  async #settle(outcome: Outcome, shipment: Shipment): Promise<Step> {
    const { contact, tally, database } = this.#options;
    const { lines, bytes } = shipment;
    switch (outcome.type) {
      case "written":
        contact.succeeded();
        database.confirm();
        tally.wrote(lines.length);
        return this.#finish(shipment);
      case "partly-written": {
        contact.succeeded();
        database.confirm();
        const refused = outcome.refusals.reduce((sum, refusal) => sum + refusal.lines, 0);
        tally.wrote(Math.max(0, lines.length - refused));
        for (const refusal of outcome.refusals) tally.refuse(refusal, lines.length === 1 ? lines[0] : undefined);
        return this.#finish(shipment);
      }
      case "divide": {
        contact.succeeded();
        const division = divided(this.#division ?? undivided(shipment.first, lines.length), lines.length);
        if (division === undefined) return this.#refuse(shipment, outcome.reason, outcome.words);
        this.#division = division;
        await shipment.done(0);
        return GO_ON;
      }
      case "too-large":
        contact.succeeded();
        if (lines.length === 1) return this.#refuse(shipment, "too-large", outcome.words);
        this.#mostBytes = Math.ceil(bytes / 2);
        await shipment.done(0);
        return GO_ON;
      case "blocked":
      case "retry":
      case "unreachable":
        this.#triedTo = Math.max(this.#triedTo, shipment.first + lines.length);
        await shipment.done(0);
        return this.#failed(outcome);
      case "aborted":
        await shipment.done(0);
        return outcome;
      default:
        return outcome satisfies never;
    }
  }

  async #finish(shipment: Shipment): Promise<Step> {
    const { lines } = shipment;
    if (this.#division !== undefined) this.#division = advanced(this.#division, lines.length);
    await shipment.done(lines.length);
    return GO_ON;
  }

  #refuse(shipment: Shipment, reason: RefusalReason, words: string): Promise<Step> {
    const { lines } = shipment;
    this.#options.tally.refuse({ reason, lines: lines.length, culprit: reason, words }, lines[0]);
    return this.#finish(shipment);
  }

  #failed(failure: Failure): Step {
    const { database, contact, target } = this.#options;
    if (failure.type !== "blocked" || failure.reason !== "not-found")
      return { type: "wait", ms: contact.failed(failure, failureError(failure, target)) };
    const { again, refusal } = database.missing();
    return again ? GO_ON : { type: "wait", ms: contact.failed(failure, failureError(failure, target, refusal)) };
  }
}
