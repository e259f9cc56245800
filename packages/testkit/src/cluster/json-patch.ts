import { badRequest } from "@krm/apimachinery";
import { cloneJson, shareUnchanged } from "./json-value.ts";
import { isJsonObject, type JsonObject } from "./sim-object.ts";

/**
 * A JSON patch (RFC 6902) applied to a copy of a value.
 *
 * @throws StatusError BadRequest for an operation that is malformed, leads nowhere, or tests false.
 */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch must be a list of operations");
  const root = { "": cloneJson(target) };
  for (const operation of patch) {
    if (!isJsonObject(operation)) throw badRequest("an operation of a JSON patch must be an object");
    applyOperation(root, operation);
  }
  return root[""];
}

function applyOperation(root: JsonObject, operation: JsonObject): void {
  const { op, path, from, value } = operation;
  switch (op) {
    case "add":
      return write(root, path, cloneJson(value), "add");
    case "replace":
      read(root, path);
      return write(root, path, cloneJson(value), "replace");
    case "remove":
      return remove(root, path);
    case "copy":
      return write(root, path, cloneJson(read(root, from)), "add");
    case "move": {
      const moved = read(root, from);
      remove(root, from);
      return write(root, path, moved, "add");
    }
    case "test": {
      const found = read(root, path);
      if (shareUnchanged(found, value) === found) return;
      throw badRequest(`testing path ${JSON.stringify(path)} of the JSON patch failed`);
    }
    default:
      throw badRequest(`JSON patch has no operation ${JSON.stringify(op)}`);
  }
}

function steps(path: unknown): string[] {
  if (typeof path !== "string" || (path !== "" && !path.startsWith("/"))) {
    throw badRequest(`${JSON.stringify(path)} is not a JSON pointer`);
  }
  return path.split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The container of the last step, and that step. */
function locate(root: JsonObject, path: unknown): { readonly parent: unknown; readonly last: string } {
  const all = steps(path);
  let parent: unknown = root;
  for (const step of all.slice(0, -1)) parent = member(parent, step, path);
  return { parent, last: all.at(-1) as string };
}

function read(root: JsonObject, path: unknown): unknown {
  const { parent, last } = locate(root, path);
  return member(parent, last, path);
}

function member(parent: unknown, step: string, path: unknown): unknown {
  const found = Array.isArray(parent)
    ? parent[indexOf(step, parent.length - 1, path)]
    : isJsonObject(parent)
      ? parent[step]
      : undefined;
  if (found === undefined) throw badRequest(`path ${JSON.stringify(path)} of the JSON patch leads nowhere`);
  return found;
}

function write(root: JsonObject, path: unknown, value: unknown, mode: "add" | "replace"): void {
  const { parent, last } = locate(root, path);
  if (Array.isArray(parent)) {
    const index = last === "-" && mode === "add" ? parent.length : indexOf(last, parent.length, path);
    parent.splice(index, mode === "add" ? 0 : 1, value);
  } else if (isJsonObject(parent)) parent[last] = value;
  else throw badRequest(`path ${JSON.stringify(path)} of the JSON patch leads nowhere`);
}

function remove(root: JsonObject, path: unknown): void {
  read(root, path);
  const { parent, last } = locate(root, path);
  if (Array.isArray(parent)) parent.splice(indexOf(last, parent.length - 1, path), 1);
  else if (isJsonObject(parent)) delete parent[last];
}

function indexOf(step: string, most: number, path: unknown): number {
  const index = /^(0|[1-9][0-9]*)$/.test(step) ? Number(step) : -1;
  if (index < 0 || index > most) throw badRequest(`path ${JSON.stringify(path)} of the JSON patch leads nowhere`);
  return index;
}
