import type { AuditEvent, AuditSink } from "@krm/server";

/** A sink whose events can be waited for. */
export class Audited implements AuditSink {
  /** All that came and were not yet taken by {@link next}. */
  readonly waiting: AuditEvent[] = [];
  #told = Promise.withResolvers<void>();

  take(event: AuditEvent): void {
    this.waiting.push(event);
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }

  async next(): Promise<AuditEvent> {
    for (;;) {
      const event = this.waiting.shift();
      if (event !== undefined) return event;
      await this.#told.promise;
    }
  }
}
