import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KrmError } from "@krm/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadKubeConfig, type LoadKubeConfigOptions } from "../src/index.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "krm-kubeconfig-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(text: string, name = "config"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function refusal(options: LoadKubeConfigOptions): KrmError {
  try {
    loadKubeConfig(options);
  } catch (error) {
    if (KrmError.is(error, "KRM_INVALID_KUBECONFIG")) return error;
    throw error;
  }
  throw new Error("it was taken");
}

const GOOD = `
clusters:
- {name: prod, cluster: {server: "https://prod.example.test/", certificate-authority: ca.crt}}
- {name: test, cluster: {server: "https://test.example.test"}}
users:
- {name: ann, user: {token: secret-token}}
contexts:
- {name: main, context: {cluster: prod, user: ann}}
- {name: anonymous, context: {cluster: prod}}
- {name: staging, context: {cluster: test, user: ann, namespace: n}}
- {name: nobody, context: {cluster: test, user: bob}}
- {name: nowhere, context: {cluster: gone, user: ann}}
current-context: main
`;

describe("loadKubeConfig", () => {
  it("uses the current context, or the one asked for", () => {
    file("CA", "ca.crt");
    const path = file(GOOD);
    const main = loadKubeConfig({ file: path });
    expect(main.getCurrentCluster()).toMatchObject({
      server: "https://prod.example.test",
      caFile: join(folder, "ca.crt"),
    });
    expect(main.getCurrentUser()).toMatchObject({ name: "ann", token: "secret-token" });
    expect(loadKubeConfig({ file: path, context: "staging" }).getCurrentCluster()?.server).toBe(
      "https://test.example.test",
    );
  });

  it("keeps the CA of a context without a user", async () => {
    file("CA", "ca.crt");
    const options: { ca?: unknown } = {};
    await loadKubeConfig({ file: file(GOOD), context: "anonymous" }).applyToHTTPSOptions(options);
    expect(options.ca).toEqual(Buffer.from("CA"));
  });

  it("merges files as kubectl does: the first that says something counts", () => {
    const first = file(
      "contexts:\n- {name: mine, context: {cluster: test, user: ann}}\nusers:\n- {name: ann, user: {token: own}}",
    );
    const second = file(GOOD, "second");
    const merged = loadKubeConfig({ file: [join(folder, "missing"), first, second], context: "mine" });
    expect(merged.getCurrentUser()?.token).toBe("own");
    expect(merged.getCurrentCluster()?.server).toBe("https://test.example.test");
    file("CA", "ca.crt");
    expect(loadKubeConfig({ file: [first, second] }).getCurrentContext()).toBe("main");
  });

  it.each([
    [
      { context: "prod" },
      /config: context "prod" is not in the file; it has the contexts main, anonymous, staging, nobody, nowhere$/,
    ],
    [
      { context: "nobody" },
      /config: context "nobody" names user "bob", which is not in the file; it has the users ann$/,
    ],
    [
      { context: "nowhere" },
      /context "nowhere" names cluster "gone", which is not in the file; it has the clusters prod, test$/,
    ],
    [{ context: "main" }, /context "main": certificate-authority of cluster "prod" cannot be read: ENOENT.*ca\.crt/],
  ])("says what is missing: %j", (options, message) => {
    const path = file(GOOD);
    const error = refusal({ file: path, ...options });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path);
  });

  it.each([
    ["", /has no current-context; it has no contexts$/],
    ["contexts: [", /is not a mapping|cannot be read: unexpected end/],
    ["- a", /cannot be read: it is not a mapping$/],
    ["kind: Pod", /is not valid: its kind is "Pod", not "Config"$/],
    ["clusters:\n- {name: c}", /is not valid: clusters\[0\]\.cluster is missing$/],
    [
      GOOD.replace("https://prod.example.test/", "prod:6443"),
      /server "prod:6443" of cluster "prod" is neither https nor http$/,
    ],
    [GOOD.replace("https://prod.example.test/", "//"), /server "\/" of cluster "prod" is not a URL$/],
    [
      GOOD.replace("current-context: main", "current-context: old"),
      /its current-context "old" is not in the file; it has the contexts/,
    ],
  ])("refuses %j", (text, message) => {
    expect(refusal({ file: file(text) }).message).toMatch(message);
  });

  it("never repeats what stands in a broken file", () => {
    const error = refusal({ file: file(`${GOOD}\nusers: [ {token: another-secret`) });
    expect(error.message).not.toContain("secret");
  });

  it("names files that are not there", () => {
    const missing = join(folder, "no");
    expect(refusal({ file: missing }).message).toMatch(/no cannot be read: ENOENT/);
    expect(refusal({ file: [missing, `${missing}2`] }).message).toBe(
      `none of these kubeconfig files exists: ${missing}, ${missing}2`,
    );
  });

  it("does not mix a pod's service account with a file", () => {
    expect(refusal({ inCluster: true, file: "x" }).message).toContain("choose one");
  });
});
