import { randomUUID } from "node:crypto";
import { KrmError } from "@krm/core";
import { checkFormat, FORMAT_RECORD } from "./format.ts";
import type { AdapterRecords } from "./adapter/adapter-records.ts";
import { FORMAT, WRITER } from "./records/record-keys.ts";

/** What a backend must give back as it was: two, three and four bytes in UTF-8, a line separator, a backslash. */
const SAMPLE = "ż漢😀\u2028\\";

/** Who writes to a store. A new one is told apart from all others, and from itself in an earlier life. */
export class Writer {
  readonly #records: AdapterRecords;
  readonly #token = `${randomUUID()} ${SAMPLE}`;

  constructor(records: AdapterRecords) {
    this.#records = records;
  }

  /**
   * Takes the store over from whoever writes to it.
   *
   * @throws KrmError `KRM_STORE_UNUSABLE` when it holds another layout, or does not give back what was written.
   */
  async takeOver(): Promise<void> {
    const found = await this.#records.get(FORMAT);
    if (found === undefined) await this.#records.put([[FORMAT, FORMAT_RECORD]]);
    else checkFormat(found);
    await this.#records.put([[WRITER, this.#token]]);
    const back = await this.#records.get(WRITER);
    if (back === this.#token || back?.endsWith(SAMPLE) === true) return;
    throw new KrmError("KRM_STORE_UNUSABLE", "the store does not give back text as it was written", {
      hint: "It must keep text of any characters, in UTF-8, until it is deleted.",
    });
  }

  /** @throws KrmError `KRM_STORE_UNUSABLE` when somebody else has taken over since: that does not pass. */
  async check(): Promise<void> {
    if ((await this.#records.get(WRITER)) === this.#token) return;
    throw new KrmError("KRM_STORE_UNUSABLE", "another process writes to this store now, or has emptied it", {
      hint: "Run one monitor on a store of this kind; to share one between processes, use Redis.",
    });
  }
}
