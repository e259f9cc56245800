import { KrmError } from "@krm/core";
import type { CommitRecords, RecordEntry } from "./commit-records.ts";

/*
 * A commit, written down before it is done: one line of JSON, and all values behind it, one after the other. Values
 * too many for one record are in parts of their own, which are written before it.
 */

interface Header {
  readonly sequence: number;
  /** Records in which the values are; 0: they follow in this one. */
  readonly parts: number;
  /** How long each value is, in UTF-16 units: those of `writes`, then that of the mark. */
  readonly writes: readonly (readonly [key: string, length: number])[];
  readonly removes: readonly string[];
  readonly mark: readonly [key: string, length: number];
}

/** A redo record as text. */
export interface RedoText {
  /** What says that the commit is to be done; complete only when the parts are there. */
  readonly record: string;
  readonly parts: readonly string[];
}

/** How much of the values goes into one record, in UTF-16 units, where no single value is longer. */
export const REDO_PART_LENGTH: number = 1024 * 1024;

/** Writes down a commit. `partLength`: how much of the values goes into one record. */
export function redoText(records: CommitRecords, partLength: number): RedoText {
  const { sequence, writes, removes, mark } = records;
  const parts: string[] = [];
  let part = "";
  // Between values only: a cut through a character of two units would lose it.
  for (const [, value] of [...writes, mark]) {
    if (part !== "" && part.length + value.length > partLength) {
      parts.push(part);
      part = "";
    }
    part += value;
  }
  const inline = parts.length === 0;
  if (!inline) parts.push(part);
  const header: Header = {
    sequence,
    parts: parts.length,
    writes: writes.map(([key, value]) => [key, value.length]),
    removes,
    mark: [mark[0], mark[1].length],
  };
  return { record: `${JSON.stringify(header)}\n${inline ? part : ""}`, parts };
}

/** A redo record whose parts may not be here yet. */
export interface PendingRedo {
  readonly sequence: number;
  /** The name of the mark: who holds this sequence there has done it. */
  readonly markKey: string;
  readonly parts: number;
  /** Undefined: parts are missing, or not whole. */
  complete(parts: readonly (string | undefined)[]): CommitRecords | undefined;
}

/**
 * Reads what {@link redoText} wrote.
 *
 * @throws KrmError `KRM_STORE_FAILED` for anything else.
 */
export function readRedo(record: string): PendingRedo {
  const end = record.indexOf("\n");
  const header = parseHeader(record.slice(0, Math.max(end, 0)));
  const { sequence, writes, removes, mark } = header;
  return {
    sequence,
    markKey: mark[0],
    parts: header.parts,
    complete(parts) {
      const present = parts.filter((part) => part !== undefined);
      if (present.length < header.parts) return undefined;
      const values = header.parts === 0 ? record.slice(end + 1) : present.join("");
      let at = 0;
      const entries = [...writes, mark].map(([key, length]): RecordEntry => [key, values.slice(at, (at += length))]);
      const last = entries.pop();
      if (last === undefined || at !== values.length) return undefined;
      return { sequence, writes: entries, removes, mark: last };
    },
  };
}

function parseHeader(line: string): Header {
  try {
    return JSON.parse(line) as Header;
  } catch (cause) {
    throw new KrmError("KRM_STORE_FAILED", "the store holds a redo record that cannot be read", {
      cause,
      hint: "Something else writes under the same names: give KRM a place of its own.",
    });
  }
}
