import { PODS, type Store } from "@krm/core";
import { writableScope } from "@krm/testkit";
import { openPostgresStore, openSqliteStore } from "../../src/index.ts";
import { commitAt, podObject, removeObject, setObject } from "./random-commits.ts";

/*
 * A process that commits until it is killed, and prints the version of each commit that stands. A commit sets all
 * objects to its version and replaces one name by another, and has more of them than any adapter writes at once.
 */

const [kind = "", place = ""] = process.argv.slice(2);
const store: Store = await (kind === "sqlite" ? openSqliteStore({ file: place }) : openPostgresStore({ url: place }));
const scope = writableScope(store.scope({ resource: PODS }));
const from = Number((await scope.store.meta()).version ?? "0");
for (let version = from + 1; ; version++) {
  const objects = Array.from({ length: 600 }, (_, index) => podObject(`o${index}`, version, 2000));
  const [before, now] = [podObject(`only-${version - 1}`, version), podObject(`only-${version}`, version)];
  await scope.commit(commitAt(version, ...[...objects, now].map(setObject), removeObject(before)));
  process.stdout.write(`${version}\n`);
}
