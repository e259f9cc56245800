import { Buffer, isUtf8 } from "node:buffer";
import { decodeObjectRecord, encodeObject, type ObjectKey, type StoredObject } from "@krm/core";

/** Starts a record whose bytes are no text. A record in text starts with `[`. */
const BASE64 = "=";

/** Writes an object as text from which {@link readObject} gets the same bytes. */
export function objectText(object: StoredObject): string {
  const record = encodeObject(object);
  return isUtf8(record) ? record.toString("utf8") : BASE64 + record.toString("base64");
}

/**
 * Reads what {@link objectText} wrote.
 *
 * @throws KrmError `KRM_STORE_FAILED` for anything else.
 */
export function readObject(key: ObjectKey, text: string): StoredObject {
  const record = text.startsWith(BASE64) ? Buffer.from(text.slice(BASE64.length), "base64") : Buffer.from(text, "utf8");
  return decodeObjectRecord(key, record);
}
