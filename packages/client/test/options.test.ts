import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { KrmClient } from "../src/index.ts";
import { failure, list, serve } from "./support/server.ts";
import { tokenFile } from "./support/token-file.ts";

const made = (options: Record<string, unknown>): (() => KrmClient) => {
  return () => new KrmClient({ url: "http://127.0.0.1:8003", ...options });
};

describe("options", () => {
  test.each([
    ["an option that does not exist", { retry: 3 }, /no option "retry"/],
    ["no url", { url: "" }, /url is ""/],
    ["another protocol", { url: "ftp://host" }, /no http or https/],
    ["a user in the url", { url: "http://me:secret@host" }, /^url holds a user or a password$/],
    ["a broken url with a password in it", { url: "http://me:secret@host:x" }, /\/\/\*\*\*@host/],
    ["a query in the url", { url: "http://host/?a=b" }, /query/],
    ["two tokens", { token: "a", tokenFile: "b" }, /both token and tokenFile/],
    ["a token with a line break", { token: "secret\n" }, /^token is empty or holds white space$/],
    ["an empty token", { token: "" }, /token is empty/],
    ["a time of 0", { timeoutMs: 0 }, /timeoutMs is 0/],
    ["a time that no timer takes", { timeoutMs: 2 ** 31 }, /timeoutMs is 2147483648/],
    ["retries that are no number", { retries: Number.NaN }, /retries is NaN/],
  ])("refuses %s", (_, options, message) => {
    expect(made(options)).toThrow(expect.objectContaining({ code: "KRM_CLIENT_INVALID_ARGUMENT" }));
    expect(made(options)).toThrow(message);
  });

  test.each([
    [{ labels: "a=b" }, /getPods has no option "labels"/],
    [{ limit: 1.5 }, /limit is 1.5/],
    [{ maxStaleness: -1 }, /maxStaleness is -1/],
    [{ timeoutMs: -1 }, /timeoutMs is -1/],
    [{ as: "yaml" }, /as is "yaml"/],
    [{ scope: "all" }, /scope is "all"/],
  ])("of a call are checked: %j", async (options, message) => {
    const client = made({})();
    await expect(client.getPods(options as object)).rejects.toThrow(message);
  });

  test("of get and status are checked", async () => {
    const client = made({})();
    await expect(client.get("pods", { name: "" })).rejects.toThrow("name is missing");
    await expect(client.get("", { name: "a" })).rejects.toThrow("resource is empty");
    await expect(client.list("")).rejects.toThrow("resource is empty");
    await expect(client.status({ limit: 1 } as object)).rejects.toThrow('status has no option "limit"');
  });

  test.each(["..", ".", "../status", "pods?", "pods/..", "pods..apps", "%2e%2e", "Pods"])(
    "a list of %j, which would be another path or none, is not asked for",
    async (resource) => {
      const { url, received } = await serve(list("PodList", []));
      const client = new KrmClient({ url: `${url}/at`, token: "abc" });
      const refused = {
        code: "KRM_CLIENT_INVALID_ARGUMENT",
        message: expect.stringContaining(`resource is ${JSON.stringify(resource)}`) as string,
      };
      await expect(client.list(resource)).rejects.toMatchObject(refused);
      await expect(client.get(resource, { name: "a" })).rejects.toMatchObject(refused);
      expect(received).toEqual([]);
    },
  );
});

describe("the token", () => {
  test("goes with each request", async () => {
    const { url, received } = await serve(list("PodList", []));
    await new KrmClient({ url, token: "abc" }).list("pods");
    await new KrmClient({ url }).list("pods");
    expect(received.map((request) => request.authorization)).toEqual(["Bearer abc", undefined]);
  });

  test("of a file is read anew", async () => {
    const { url, received } = await serve(list("PodList", []));
    const file = tokenFile("first\n");
    const client = new KrmClient({ url, tokenFile: file });
    await client.list("pods");
    writeFileSync(file, "second\n");
    await client.list("pods");
    expect(received.map((request) => request.authorization)).toEqual(["Bearer first", "Bearer second"]);
  });

  test("of a file is read once more when the server no longer knows it, and asked with if it is another", async () => {
    const file = tokenFile("old");
    const { url, received } = await serve(
      (...args) => {
        writeFileSync(file, "new");
        failure(401, "Unauthorized")(...args);
      },
      list("PodList", []),
    );
    await new KrmClient({ url, tokenFile: file, retries: 0 }).list("pods");
    expect(received.map((request) => request.authorization)).toEqual(["Bearer old", "Bearer new"]);
  });

  test.each([
    ["the same token", () => {}],
    ["no token any more", (file: string) => writeFileSync(file, "")],
    ["nothing, since it is gone", (file: string) => rmSync(file)],
  ])("of a file is asked with once, where the file holds %s", async (_, change) => {
    const file = tokenFile("old");
    const { url, received } = await serve((...args) => {
      change(file);
      failure(401, "Unauthorized")(...args);
    });
    const call = new KrmClient({ url, tokenFile: file }).list("pods");
    await expect(call).rejects.toMatchObject({ code: "KRM_CLIENT_UNAUTHORIZED" });
    expect(received).toHaveLength(1);
  });

  test("of a file is asked with twice at most", async () => {
    const file = tokenFile("1");
    let asked = 1;
    const { url, received } = await serve((...args) => {
      writeFileSync(file, String(++asked));
      failure(401, "Unauthorized")(...args);
    });
    const call = new KrmClient({ url, tokenFile: file }).list("pods");
    await expect(call).rejects.toMatchObject({ code: "KRM_CLIENT_UNAUTHORIZED" });
    expect(received.map((request) => request.authorization)).toEqual(["Bearer 1", "Bearer 2"]);
  });

  test.each(["", "two tokens", "a\nb"])("file may not hold %j", async (text) => {
    const { url, received } = await serve(list("PodList", []));
    const call = new KrmClient({ url, tokenFile: tokenFile(text) }).list("pods");
    await expect(call).rejects.toMatchObject({ code: "KRM_CLIENT_TOKEN_FILE" });
    expect(received).toHaveLength(0);
  });

  test("file must be there", async () => {
    const call = made({ tokenFile: join(tmpdir(), "krm-client-no-such-file") })().list("pods");
    await expect(call).rejects.toMatchObject({ code: "KRM_CLIENT_TOKEN_FILE" });
  });

  test.each([
    "http://krm.example.com",
    "http://10.0.0.1:8003",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://0.0.0.0:8003",
  ])("does not go over plain HTTP to %s", (url) => {
    expect(made({ url, token: "abc" })).toThrow(expect.objectContaining({ code: "KRM_CLIENT_INSECURE_TOKEN" }));
    expect(made({ url, tokenFile: "/a" })).toThrow(expect.objectContaining({ code: "KRM_CLIENT_INSECURE_TOKEN" }));
    expect(made({ url })).not.toThrow();
    expect(made({ url, token: "abc", allowInsecureToken: true })).not.toThrow();
  });

  test.each(["https://krm.example.com", "http://localhost:1", "http://127.1.2.3", "http://[::1]:8003"])(
    "goes to %s",
    (url) => {
      expect(made({ url, token: "abc" })).not.toThrow();
    },
  );
});

function podList(): Response {
  const body = { kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "1" }, items: [] };
  return Response.json(body, { headers: { "KRM-State": "synced" } });
}

test("an own fetch is used", async () => {
  const asked: unknown[] = [];
  const fetch: typeof globalThis.fetch = async (input) => {
    asked.push(input);
    return podList();
  };
  const pods = await new KrmClient({ url: "http://krm.invalid", fetch }).list("pods");
  expect(pods.items).toEqual([]);
  expect(asked).toEqual(["http://krm.invalid/pods"]);
});

test.each(["own", "global"])("the %s fetch is called as browsers want it: as nobody's method", async (which) => {
  const strict = async function (this: unknown): Promise<Response> {
    // A browser's says "Illegal invocation".
    if (this !== undefined && this !== globalThis) throw new TypeError("called as a method of another object");
    return podList();
  } as typeof globalThis.fetch;
  if (which === "global") vi.stubGlobal("fetch", strict);
  try {
    const client = new KrmClient({
      url: "http://krm.invalid",
      retries: 0,
      ...(which === "own" ? { fetch: strict } : {}),
    });
    expect((await client.list("pods")).items).toEqual([]);
  } finally {
    vi.unstubAllGlobals();
  }
});
