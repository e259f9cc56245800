import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { MemoryStore, PODS } from "@krm/core";
import { type Authenticator, createServer } from "@krm/server";
import { failure, testApp } from "./support/app.ts";
import { Audited } from "./support/audited.ts";
import { fill } from "./support/fixtures.ts";

/** What Chromium sends when an address is opened. */
const BROWSER = {
  accept:
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const nobody: Authenticator = { authenticate: async () => undefined };

async function filesOf(test: ReturnType<typeof testApp>, at = "/"): Promise<readonly string[]> {
  const { body } = await test.get(at, BROWSER);
  return [...body.matchAll(/(?:src|href)="(page\/[^"]+)"/gu)].map(([, path = ""]) => path);
}

describe("/ for a browser", () => {
  it("is a page that may do nothing but show and ask its own server", async () => {
    await using test = testApp();
    const { statusCode, headers, body } = await test.get("/", BROWSER);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache, private",
    });
    expect(headers["vary"]).toContain("Accept");
    expect(body).toContain("<title>KRM</title>");
    expect(body).not.toMatch(/(?:src|href)="(?!page\/|data:)/u);
  });

  it.each([undefined, "*/*", "text/plain", "application/json", "text/plain, text/html;q=0.5", "text/html;q=0"])(
    "is text for who accepts %s",
    async (accept) => {
      await using test = testApp();
      await fill(test.store, { resource: PODS }, []);
      const { headers, body } = await test.get("/", accept === undefined ? {} : { accept });
      expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
      expect(body).toContain("/pods");
    },
  );

  it("holds no data, and so is open to all; what it asks for is not", async () => {
    await using test = testApp({ auth: nobody });
    await fill(test.store, { resource: PODS }, []);
    expect((await test.get("/", BROWSER)).statusCode).toBe(200);
    const files = await filesOf(test);
    for (const file of files) expect((await test.get(`/${file}`)).statusCode).toBe(200);
    for (const url of ["/status", "/api/v1/pods", "/pods", "/page"])
      expect(failure(await test.get(url, BROWSER)).code).toBe(401);
    expect(failure(await test.get("/")).code).toBe(401);
    expect(failure(await test.get("/page/../status", BROWSER)).code).toBe(401);
  });

  it("is written down like any other request, as of somebody unknown", async () => {
    const audit = new Audited();
    await using test = testApp({ auth: nobody, audit });
    await test.get("/", BROWSER);
    const event = await audit.next();
    expect(event).toMatchObject({ requestURI: "/", verb: "get", responseStatus: { code: 200 } });
    expect(event.user).toEqual({});
  });

  it("is not for the names of others, where nobody is asked who they are", async () => {
    await using store = new MemoryStore();
    await using server = await createServer({ store, listen: { host: "127.0.0.1", port: 0 } });
    const headers = { ...BROWSER, host: "evil.example" };
    expect((await server.app.inject({ url: "/", headers })).statusCode).toBe(403);
  });

  it("changes nothing, by whichever method", async () => {
    await using test = testApp();
    const [file] = await filesOf(test);
    for (const url of ["/", `/${file}`]) {
      const response = await test.app.inject({ method: "POST", url, headers: BROWSER });
      expect(response.statusCode).toBe(405);
      const head = await test.app.inject({ method: "HEAD", url, headers: BROWSER });
      expect([head.statusCode, head.body]).toEqual([200, ""]);
    }
  });

  it("is at a path with a slash, so that what it refers to is found under any prefix", async () => {
    await using test = testApp({ prefix: "/cluster" });
    const response = await test.get("/cluster?x=1", BROWSER);
    expect([response.statusCode, response.headers["location"]]).toEqual([308, "cluster/"]);
    const files = await filesOf(test, "/cluster/");
    expect(files).toHaveLength(2);
    for (const file of files) expect((await test.get(`/cluster/${file}`)).statusCode).toBe(200);
  });
});

describe("the files of the page", () => {
  it("are kept for ever, since their names change with them", async () => {
    await using test = testApp();
    const types: string[] = [];
    for (const file of await filesOf(test)) {
      const { headers } = await test.get(`/${file}`);
      expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      types.push(String(headers["content-type"]));
    }
    expect(types.toSorted()).toEqual(["text/css; charset=utf-8", "text/javascript; charset=utf-8"]);
    expect(failure(await test.get("/page/page-0000000000000000.js"))).toMatchObject({ code: 404 });
    expect((await test.get("/page/page-0000000000000000.js")).headers["cache-control"]).toBe("no-cache, private");
  });

  it("come compressed, as it was accepted", async () => {
    await using test = testApp();
    const [file] = await filesOf(test);
    const plain = await test.get(`/${file}`);
    const packed = await test.get(`/${file}`, { "accept-encoding": "gzip, deflate, br, zstd" });
    expect(packed.headers["content-encoding"]).toBe("br");
    expect(packed.headers["vary"]).toContain("Accept-Encoding");
    expect(brotliDecompressSync(packed.rawPayload).equals(plain.rawPayload)).toBe(true);
    const zipped = await test.get(`/${file}`, { "accept-encoding": "br;q=0, gzip;q=0.5" });
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(zipped.rawPayload).equals(plain.rawPayload)).toBe(true);
    for (const none of ["identity", "gzip;q=0, br;q=0.0"])
      expect((await test.get(`/${file}`, { "accept-encoding": none })).headers["content-encoding"]).toBeUndefined();
  });

  it("are not sent again to who has them", async () => {
    await using test = testApp();
    for (const url of ["/", `/${(await filesOf(test))[0]}`]) {
      const { headers } = await test.get(url, BROWSER);
      const again = await test.get(url, { ...BROWSER, "if-none-match": String(headers["etag"]) });
      expect([again.statusCode, again.body]).toEqual([304, ""]);
      expect((await test.get(url, { ...BROWSER, "if-none-match": 'W/"other"' })).statusCode).toBe(200);
    }
  });
});
