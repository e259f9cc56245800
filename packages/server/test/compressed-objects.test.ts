import { crc32, gunzipSync } from "node:zlib";
import { type ResourceType, PODS, type StoredObject } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { CompressedObjects } from "../src/body/compressed-objects.ts";
import { compressRun, storedRun } from "../src/body/compressed-run.ts";
import { combineCrc, crcShift } from "../src/body/crc32-combine.ts";
import { kubernetesListBytes, type ListBytes } from "../src/body/list-bytes.ts";
import { pod } from "./support/fixtures.ts";

const CUSTOM: ResourceType = { ...PODS, group: "example.com", resource: "things", kind: "Thing", custom: true };

async function gzipped(compressed: CompressedObjects, { objects }: ListBytes): Promise<Buffer> {
  if (objects === undefined) throw new Error("no list of objects");
  const pieces: Uint8Array[] = [];
  for await (const piece of compressed.gzip(objects)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function plain(list: ListBytes): string {
  return Buffer.concat([...list.chunks()]).toString();
}

function podsOf(random: SeededRandom, count: number): StoredObject[] {
  const filler = (): string => "x".repeat(random.integer(0, 399)) + random.next().toString(36);
  return Array.from({ length: count }, (_, index) =>
    pod({ name: `p${index}`, namespace: index % 3 === 0 ? "a" : "b", labels: { filler: filler() } }),
  );
}

describe("a compressed list", () => {
  it("is the list, whichever objects are in it and have been before", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new SeededRandom(`list ${seed}`);
      const compressed = new CompressedObjects();
      let objects = podsOf(random, random.integer(0, 299));
      for (let step = 0; step < 8; step++) {
        const resource = seed % 2 === 0 ? PODS : CUSTOM;
        const some = random.integer(0, 2) === 0 ? objects.filter(() => random.integer(0, 1) === 0) : objects;
        const list = kubernetesListBytes(resource, { resourceVersion: String(step) }, some, random.chance(0.5));
        expect(gunzipSync(await gzipped(compressed, list)).toString(), `seed ${seed}, step ${step}`).toBe(plain(list));
        objects = objects.flatMap((object) => {
          const luck = random.integer(0, 59);
          if (luck === 0) return [];
          return luck < 3 ? [pod({ name: object.name, version: String(step + 2) }, `node-${luck}`)] : [object];
        });
      }
    }
  });

  it("costs one run after one change, wherever it is", async () => {
    const random = new SeededRandom("one change");
    const compressed = new CompressedObjects();
    const objects = podsOf(random, 2000);
    const list = (): ListBytes => kubernetesListBytes(PODS, { resourceVersion: "1" }, objects, true);
    await gzipped(compressed, list());
    const whole = compressed.made;
    expect(whole).toBeGreaterThan(50);
    await gzipped(compressed, list());
    expect(compressed.made).toBe(whole);
    for (let change = 0; change < 30; change++) {
      const before = compressed.made;
      const at = random.integer(0, objects.length - 1);
      const one = objects[at];
      objects[at] = pod({ name: one?.name ?? "", namespace: one?.namespace ?? "", version: String(change + 2) });
      await gzipped(compressed, list());
      expect(compressed.made - before).toBe(1);
    }
  });

  it("costs two runs at most when an object comes or goes, and shares its runs with lists of a part", async () => {
    const random = new SeededRandom("coming and going");
    const compressed = new CompressedObjects();
    const objects = podsOf(random, 1000);
    const list = (items: readonly StoredObject[]): ListBytes =>
      kubernetesListBytes(PODS, { resourceVersion: "1" }, items, true);
    await gzipped(compressed, list(objects));
    for (let change = 0; change < 20; change++) {
      const before = compressed.made;
      const at = random.integer(0, objects.length - 1);
      if (change % 2 === 0) objects.splice(at, 1);
      else objects.splice(at, 0, pod({ name: `new-${change}` }));
      await gzipped(compressed, list(objects));
      expect(compressed.made - before).toBeLessThanOrEqual(2);
    }
    const before = compressed.made;
    await gzipped(compressed, list(objects.slice(100, 900)));
    expect(compressed.made - before).toBeLessThanOrEqual(2);
  });

  it("asked for twice at once is compressed once", async () => {
    const compressed = new CompressedObjects();
    const list = kubernetesListBytes(PODS, { resourceVersion: "1" }, podsOf(new SeededRandom("twice"), 500), true);
    const [one, other] = await Promise.all([gzipped(compressed, list), gzipped(compressed, list)]);
    expect(one.equals(other)).toBe(true);
    const once = new CompressedObjects();
    await gzipped(once, list);
    expect(compressed.made).toBe(once.made);
  });

  it("holds objects of any size", async () => {
    const compressed = new CompressedObjects();
    const large = (name: string): StoredObject => pod({ name, labels: { filler: "y".repeat(400_000) } });
    const list = kubernetesListBytes(PODS, { resourceVersion: "1" }, ["a", "b", "c"].map(large), true);
    expect(gunzipSync(await gzipped(compressed, list)).toString()).toBe(plain(list));
    expect(
      gunzipSync(await gzipped(compressed, kubernetesListBytes(PODS, { resourceVersion: "1" }, [], true))).toString(),
    ).toContain('"items":[]');
  });
});

describe("what is kept of compressed lists", () => {
  it("is told apart by the objects themselves: a restored cluster gives a version once more, to other content", async () => {
    const compressed = new CompressedObjects();
    const x = pod({ name: "x", version: "10" });
    for (const y of [pod({ name: "y", version: "100" }), pod({ name: "y", version: "90" })])
      await gzipped(compressed, kubernetesListBytes(PODS, { resourceVersion: "1" }, [x, y], true));
    const restored = pod({ name: "y", version: "100" }, "node-2");
    const list = kubernetesListBytes(PODS, { resourceVersion: "1" }, [x, restored], true);
    expect(gunzipSync(await gzipped(compressed, list)).toString()).toBe(plain(list));
  });

  it("is as large as it is, and no part of something larger", async () => {
    const [block] = (await compressRun(Buffer.from("x".repeat(12_000)), 1)).blocks;
    expect(block?.buffer.byteLength).toBe(block?.byteLength);
  });

  it("outlives lists that are asked for once", async () => {
    const compressed = new CompressedObjects();
    const objects = podsOf(new SeededRandom("all the time"), 800);
    const ask = async (items: readonly StoredObject[]): Promise<unknown> =>
      gzipped(compressed, kubernetesListBytes(PODS, { resourceVersion: "1" }, items, true));
    await ask(objects);
    for (const left of [3, 7, 5]) {
      await ask(objects.filter((_, at) => at % 10 !== left));
      const before = compressed.made;
      await ask(objects);
      expect(compressed.made).toBe(before);
    }
  });

  it("does not grow with the places at which pages begin", async () => {
    const compressed = new CompressedObjects();
    const objects = podsOf(new SeededRandom("pages"), 400);
    const ask = async (from: number): Promise<unknown> =>
      gzipped(compressed, kubernetesListBytes(PODS, { resourceVersion: "1" }, objects.slice(from, from + 60), false));
    const places = Array.from({ length: 300 }, (_, at) => at);
    for (const from of places) await ask(from);
    const before = compressed.made;
    for (const from of places) await ask(from);
    // The first stretch of each is made anew, and the last ones of the newest few are known.
    expect(compressed.made - before).toBeGreaterThan(250);
  });
});

it("checksums of parts make that of the whole", () => {
  const random = new SeededRandom("crc");
  for (let round = 0; round < 200; round++) {
    const [first, second] = [random.integer(0, 69), random.integer(0, 2999)].map((size) =>
      Buffer.from(Array.from({ length: size }, () => random.integer(0, 255))),
    );
    if (first === undefined || second === undefined) throw new Error("there are two");
    const combined = combineCrc(crc32(first), crc32(second), crcShift(second.length));
    expect(combined).toBe(crc32(Buffer.concat([first, second])));
  }
});

it("a piece that no stored block holds is refused", () => {
  expect(() => storedRun(Buffer.alloc(65_536))).toThrow("65536 bytes are too many");
});
