import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadPage } from "@krm/page";
import { toPageFiles } from "../src/page-files.ts";

const built = (script: string) => ({
  html: '<link href="page.css" /><script src="page.js"></script>',
  script: Buffer.from(script),
  style: Buffer.from("p{}"),
});

describe("the files of the page", () => {
  it("are named after what is in them, and the document names them", async () => {
    const [one, same, other] = await Promise.all(["a()", "a()", "b()"].map(async (text) => toPageFiles(built(text))));
    expect([...same!.files.keys()]).toEqual([...one!.files.keys()]);
    const scripts = [one, other].map((page) => [...page!.files.keys()].find((name) => name.endsWith(".js")));
    expect(scripts[0]).not.toBe(scripts[1]);
    expect(one!.document.bytes.toString()).toContain(`src="page/${scripts[0]}"`);
    expect(one!.document.hash).not.toBe(other!.document.hash);
  });

  it("are the same when they are unpacked", async () => {
    const { document, files } = await toPageFiles(built("x".repeat(5000)));
    for (const { bytes, gzip, brotli } of [document, ...files.values()]) {
      expect(gunzipSync(gzip).equals(bytes)).toBe(true);
      expect(brotliDecompressSync(brotli).equals(bytes)).toBe(true);
    }
  });

  it("hold the page, small, and with nothing that the policy forbids", async () => {
    const { document, files } = await loadPage();
    const html = document.bytes.toString();
    expect(html).not.toMatch(/<script(?![^>]*\ssrc="page\/)|\sstyle=|\son\w+=|https?:\/\/(?!www\.w3\.org\/2000\/svg)/u);
    const [script] = [...files].filter(([name]) => name.endsWith(".js")).map(([, file]) => file);
    expect(script!.bytes.toString()).not.toMatch(/\beval\(|new Function\(|innerHTML="/u);
    expect([...files.values()].reduce((sum, { brotli }) => sum + brotli.length, 0)).toBeLessThan(40_000);
  });
});
