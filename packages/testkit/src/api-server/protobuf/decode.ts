import { badRequest, type StatusError } from "@krm/apimachinery";
import type { JsonObject } from "../../cluster/sim-object.ts";
import { type Field, messageOf } from "./messages.ts";

/** The media type of Kubernetes' protobuf. */
export const PROTOBUF = "application/vnd.kubernetes.protobuf";

/** What stands before every protobuf body of Kubernetes. */
const MAGIC = Buffer.from("k8s\0");

/**
 * Reads an object out of Kubernetes' protobuf, as typed clients send it: an envelope that names the kind, and in it the
 * object. It becomes what the same client would have sent as JSON.
 *
 * @throws StatusError 400 for what is not such a body, and for kinds and fields that are not understood: named, so that
 * whoever sent them can send JSON.
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  try {
    const envelope = readMessage(body.subarray(MAGIC.length), "Unknown");
    const { apiVersion = "", kind = "" } = (envelope["typeMeta"] ?? {}) as { apiVersion?: string; kind?: string };
    const raw = Buffer.from((envelope["raw"] as string | undefined) ?? "", "base64");
    return { kind, apiVersion, ...readMessage(raw, kind) };
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(`the protobuf body is cut or damaged: ${error.message}`);
    throw error;
  }
}

function readMessage(bytes: Buffer, name: string): JsonObject {
  const message = messageOf(name);
  if (message === undefined) throw notUnderstood(`of kind ${name}`);
  const wire = new WireReader(bytes);
  const object: JsonObject = {};
  while (!wire.done) {
    const { number, value } = wire.field();
    const field = message.get(number);
    if (field === undefined) throw notUnderstood(`with field ${number} of ${name}`);
    if (field.type !== "ignored") add(object, field, value);
  }
  return object;
}

function add(object: JsonObject, field: Field, value: bigint | Buffer): void {
  switch (field.repeats) {
    case "list": {
      const list = (object[field.name] ??= []) as unknown[];
      list.push(readValue(field, value));
      return;
    }
    case "map": {
      const map = (object[field.name] ??= {}) as JsonObject;
      const [key, entry] = readEntry(field, asBytes(value));
      map[key] = entry;
      return;
    }
    case "no": {
      const read = readValue(field, value);
      if (field.inline) Object.assign(object, read);
      else if (field.optional || !isZero(read)) object[field.name] = read;
    }
  }
}

function readEntry(field: Field, bytes: Buffer): [string, unknown] {
  const wire = new WireReader(bytes);
  let key = "";
  let entry: unknown = readValue(field, Buffer.alloc(0));
  while (!wire.done) {
    const { number, value } = wire.field();
    if (number === 1) key = asBytes(value).toString();
    else entry = readValue(field, value);
  }
  return [key, entry];
}

function readValue({ type }: Field, value: bigint | Buffer): unknown {
  if (typeof type === "object") return readMessage(asBytes(value), type.message);
  switch (type) {
    case "string":
      return asBytes(value).toString();
    case "bytes":
      return asBytes(value).toString("base64");
    case "int":
      return Number(asInteger(value));
    case "bool":
      return asInteger(value) !== 0n;
    case "Time":
      return time(asBytes(value), false);
    case "MicroTime":
      return time(asBytes(value), true);
    case "Quantity":
      return scalars(asBytes(value)).get(1)?.toString() ?? "0";
    case "IntOrString": {
      const fields = scalars(asBytes(value));
      const isString = fields.get(1) === 1n;
      return isString ? (fields.get(3)?.toString() ?? "") : Number(BigInt.asIntN(32, asInteger(fields.get(2) ?? 0n)));
    }
    case "FieldsV1":
      return JSON.parse(scalars(asBytes(value)).get(1)?.toString() ?? "{}") as unknown;
    case "ExtraValue":
      return all(asBytes(value)).map(({ value: item }) => item.toString());
    case "ignored":
      return undefined;
  }
}

/** An unset time is an empty message. */
function time(bytes: Buffer, micro: boolean): string | undefined {
  const fields = scalars(bytes);
  const seconds = fields.get(1) as bigint | undefined;
  if (seconds === undefined) return undefined;
  const nanos = Number((fields.get(2) as bigint | undefined) ?? 0n);
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return micro ? `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z` : `${whole}Z`;
}

function scalars(bytes: Buffer): Map<number, bigint | Buffer> {
  return new Map(all(bytes).map(({ number, value }) => [number, value]));
}

function all(bytes: Buffer): { number: number; value: bigint | Buffer }[] {
  const wire = new WireReader(bytes);
  const fields = [];
  while (!wire.done) fields.push(wire.field());
  return fields;
}

/** Go's encoder writes fields that are no pointers even when nothing was set. */
function isZero(value: unknown): boolean {
  if (value === undefined || value === "" || value === 0 || value === false) return true;
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function asBytes(value: bigint | Buffer): Buffer {
  if (typeof value !== "bigint") return value;
  throw new RangeError("a number stands where bytes should be");
}

function asInteger(value: bigint | Buffer): bigint {
  // The value of a map's entry that was left out is empty.
  if (typeof value === "bigint") return BigInt.asIntN(64, value);
  if (value.length === 0) return 0n;
  throw new RangeError("bytes stand where a number should be");
}

function notUnderstood(what: string): StatusError {
  return badRequest(`the simulated API server does not understand a protobuf body ${what}: send JSON`);
}

/** The fields of one message, one after another. */
class WireReader {
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  field(): { number: number; value: bigint | Buffer } {
    const tag = Number(this.#varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        return { number, value: this.#varint() };
      case 2:
        return { number, value: this.#take(Number(this.#varint())) };
      default:
        throw new RangeError(`wire type ${tag & 7} is none that Kubernetes uses`);
    }
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#take(1)[0] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number is too long");
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("it ends within a field");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
