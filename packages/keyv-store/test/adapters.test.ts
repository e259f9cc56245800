import { EventEmitter } from "node:events";
import { PODS } from "@krm/core";
import { writableScope } from "@krm/testkit";
import { Keyv, KeyvMemoryAdapter } from "keyv";
import { describe, expect, test } from "vitest";
import { createKeyvStore, type KeyvBackend } from "../src/index.ts";
import { commitAt, podObject, setObject } from "./support/random-commits.ts";

const SCOPE = { resource: PODS };

async function survives(open: () => KeyvBackend): Promise<void> {
  const store = await createKeyvStore({ adapter: open() });
  await writableScope(store.scope(SCOPE)).commit(commitAt(1, setObject(podObject("a", 1))));
  await store[Symbol.asyncDispose]();
  const { objects } = await (await createKeyvStore({ adapter: open() })).scope(SCOPE).read();
  expect(objects.map((object) => object.name)).toEqual(["a"]);
}

/** The old kind of adapter: relative time to live, no more than it must have. */
class PlainAdapter extends EventEmitter {
  readonly data: Map<string, string>;
  constructor(data: Map<string, string>) {
    super();
    this.data = data;
  }
  get = async (key: string): Promise<string | undefined> => this.data.get(key);
  has = async (key: string): Promise<boolean> => this.data.has(key);
  set = async (key: string, value: string): Promise<void> => void this.data.set(key, value);
  delete = async (key: string): Promise<boolean> => this.data.delete(key);
  clear = async (): Promise<void> => this.data.clear();
}

class IteratingAdapter extends PlainAdapter {
  async *iterator(): AsyncGenerator<[string, string]> {
    yield* this.data.entries();
  }
}

describe("what can be built on", () => {
  test("a Keyv, also one with a namespace of its own beside another's entries", async () => {
    const data = new Map<string, unknown>();
    await new Keyv({ store: data }).set("krm/object/0/x", "something else");
    await survives(() => new Keyv({ store: data, namespace: "mine" }));
  });

  test("an adapter without batches, as of older versions", async () => {
    const data = new Map<string, string>();
    await survives(() => new IteratingAdapter(data) as unknown as KeyvBackend);
  });

  test("two stores in one adapter, by their namespaces", async () => {
    const adapter = new Map<string, unknown>();
    const [one, other] = [await createKeyvStore({ adapter }), await createKeyvStore({ adapter, namespace: "krm.2" })];
    await writableScope(one.scope(SCOPE)).commit(commitAt(1, setObject(podObject("a", 1))));
    await writableScope(other.scope(SCOPE)).commit(commitAt(2, setObject(podObject("b", 2))));
    const again = await createKeyvStore({ adapter });
    expect((await again.scope(SCOPE).read()).objects.map((object) => object.name)).toEqual(["a"]);
  });
});

describe("what cannot", () => {
  const refused: Record<string, [() => unknown, string]> = {
    "an adapter that cannot iterate": [
      () => new PlainAdapter(new Map()),
      "this Keyv adapter cannot iterate over its entries",
    ],
    "something like a Map without entries": [
      () => ({ get() {}, set() {}, has() {}, delete() {} }),
      "this Keyv adapter cannot iterate over its entries",
    ],
    "no adapter": [() => ({ get() {}, set() {} }), "this is no Keyv adapter: it has no delete, clear, has"],
    "a Keyv that encrypts": [
      () => new Keyv({ encryption: { encrypt: (text: string) => text, decrypt: (text: string) => text } }),
      "a Keyv with encryption cannot be used",
    ],
    "an adapter that changes text": [
      () => {
        const adapter = new KeyvMemoryAdapter(new Map());
        const set = adapter.set.bind(adapter);
        return Object.assign(adapter, { set: (key: string, value: string) => set(key, value.normalize("NFD")) });
      },
      "the store does not give back text as it was written",
    ],
  };
  for (const [what, [make, message]] of Object.entries(refused))
    test(`namely ${what}`, async () => {
      await expect(createKeyvStore({ adapter: make() as KeyvBackend })).rejects.toMatchObject({
        code: "KRM_STORE_UNUSABLE",
        message: expect.stringContaining(message),
        hint: expect.any(String),
      });
    });

  test("data in a format of a newer version, with the version to use", async () => {
    const adapter = new KeyvMemoryAdapter(new Map());
    await adapter.set("krm/format", "krm-keyv 2 (krm 3.1.0)");
    await expect(createKeyvStore({ adapter })).rejects.toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringMatching(
        /^the records are of the newer format 2, written by KRM 3\.1\.0; this is KRM \S+, which keeps format 1$/,
      ),
      hint: expect.stringMatching(/^Run KRM 3\.1\.0 or newer, or /),
    });
    await adapter.set("krm/format", "krm-keyv-2");
    await expect(createKeyvStore({ adapter })).rejects.toMatchObject({
      hint: expect.stringMatching(/^Run the version of KRM that wrote them, or /),
    });
  });

  test("data of something else", async () => {
    const adapter = new KeyvMemoryAdapter(new Map());
    await adapter.set("krm/format", "a text");
    await expect(createKeyvStore({ adapter })).rejects.toMatchObject({
      message: "the records belong to something else",
    });
  });

  test("but not what was begun by another version with the same format", async () => {
    const adapter = new KeyvMemoryAdapter(new Map());
    for (const note of ["krm-keyv-1", "krm-keyv 1 (krm 7.0.0)"]) {
      await adapter.set("krm/format", note);
      await using store = await createKeyvStore({ adapter });
      expect(await store.scopes()).toEqual([]);
    }
  });

  test("a namespace that backends could mistake", async () => {
    for (const namespace of ["", "a/b", "A"])
      await expect(createKeyvStore({ adapter: new Map(), namespace })).rejects.toMatchObject({
        code: "KRM_INVALID_ARGUMENT",
      });
  });
});

describe("an adapter that fails", () => {
  test("in the middle of an iteration, though it only says so, has not told all", async () => {
    const data = new Map<string, unknown>();
    await survives(() => data);
    class Cut extends KeyvMemoryAdapter {
      override async *iterator(): AsyncGenerator<never> {
        this.emit("error", new Error("cut off"));
        yield* [];
      }
    }
    const store = await createKeyvStore({ adapter: new Cut(data).on("error", () => {}) as unknown as Cut });
    await expect(store.scope(SCOPE).read()).rejects.toMatchObject({
      code: "KRM_STORE_FAILED",
      message: "the Keyv adapter could not read: cut off",
    });
  });

  test("to tell an entry is not believed", async () => {
    const data = new Map<string, unknown>();
    await survives(() => data);
    class Silent extends KeyvMemoryAdapter {
      override async *iterator(): AsyncGenerator<never> {}
    }
    const store = await createKeyvStore({ adapter: new Silent(data) });
    await expect(store.scope(SCOPE).read()).rejects.toMatchObject({
      code: "KRM_STORE_FAILED",
      message: "the store does not tell all that it holds",
    });
  });
});
