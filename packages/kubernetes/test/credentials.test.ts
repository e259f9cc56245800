import { type EventEmitter, once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { inspect } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import { parseResourceVersion, PODS } from "@krm/core";
import { createTlsMaterial } from "@krm/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KubernetesSource, loadKubeConfig } from "../src/index.ts";
import { failure, frame, json, listBody, podBody, TestServer } from "./support/test-server.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "krm-credentials-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Takes the token that stands in `accepted` at the time. */
function guarded(accepted: { token: string }): Promise<TestServer> {
  return TestServer.start((request, response) => {
    if (request.headers.authorization === `Bearer ${accepted.token}`) json(response, listBody("1", []));
    else json(response, { kind: "Status", code: 401, reason: "Unauthorized", message: "Unauthorized" }, 401);
  });
}

function kubeConfigFile(server: string, user: object): string {
  const file = join(folder, "config");
  const config = {
    clusters: [{ name: "c", cluster: { server } }],
    users: [{ name: "me", user }],
    contexts: [{ name: "here", context: { cluster: "c", user: "me" } }],
    "current-context": "here",
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

function list(source: KubernetesSource): Promise<unknown> {
  return source.listWatch({ resource: PODS }).list({});
}

describe("credentials", () => {
  it("are read anew after a 401: a token file that was rotated", async () => {
    const accepted = { token: "one" };
    await using server = await guarded(accepted);
    writeFileSync(join(folder, "token"), "one\n");
    await using source = new KubernetesSource({
      kubeConfig: loadKubeConfig({ file: kubeConfigFile(server.url, { tokenFile: "token" }) }),
    });
    await list(source);
    accepted.token = "two";
    writeFileSync(join(folder, "token"), "two\n");
    await list(source);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer one",
      "Bearer one",
      "Bearer two",
    ]);
  });

  it("are tried twice, and then reported", async () => {
    await using server = await guarded({ token: "right" });
    await using source = new KubernetesSource({ kubeConfig: server.config({ token: "wrong" }) });
    expect(await failure(list(source))).toMatchObject({
      code: "KRM_API_STATUS",
      status: { code: 401, reason: "Unauthorized" },
      hint: expect.stringContaining("check the user") as string,
    });
    expect(server.requests).toHaveLength(2);
  });

  it("come from an exec plugin, once for requests that begin together, and once more for those that are refused together", async () => {
    const accepted = { token: "run-1" };
    await using server = await guarded(accepted);
    const log = join(folder, "log");
    writeFileSync(log, "");
    const plugin = join(folder, "plugin.mjs");
    writeFileSync(
      plugin,
      `#!${process.execPath}
import { appendFileSync, readFileSync } from "node:fs";
appendFileSync(${JSON.stringify(log)}, process.env.KUBERNETES_EXEC_INFO + " " + process.env.FLAVOUR + "\\n");
const run = readFileSync(${JSON.stringify(log)}, "utf8").trim().split("\\n").length;
console.log(JSON.stringify({ kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status: { token: "run-" + run } }));
`,
    );
    chmodSync(plugin, 0o700);
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "./plugin.mjs",
      env: [{ name: "FLAVOUR", value: "sweet" }],
      provideClusterInfo: true,
    };
    await using source = new KubernetesSource({
      kubeConfig: loadKubeConfig({ file: kubeConfigFile(server.url, { exec }) }),
    });
    await Promise.all([list(source), list(source), list(source)]);
    await list(source);
    accepted.token = "run-2";
    await Promise.all([list(source), list(source), list(source)]);
    const runs = readFileSync(log, "utf8").trim().split("\n");
    expect(runs).toHaveLength(2);
    const [info = "", flavour] = (runs[0] ?? "").split(" ");
    expect(flavour).toBe("sweet");
    expect(JSON.parse(info)).toEqual({
      kind: "ExecCredential",
      apiVersion: "client.authentication.k8s.io/v1",
      spec: { interactive: false, cluster: { server: server.url } },
    });
  });

  it("that cannot be had are told with the plugin and its words", async () => {
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: ["-e", "console.error('log in first'); process.exit(1)"],
    };
    await using server = await guarded({ token: "" });
    await using source = new KubernetesSource({ kubeConfig: server.config({ exec }) });
    const error = await failure(list(source));
    expect(error).toMatchObject({
      code: "KRM_INVALID_KUBECONFIG",
      message: `the credentials of user "me" for ${server.url} (exec plugin ${JSON.stringify(process.execPath)}) cannot be had: log in first`,
    });
    await using missing = new KubernetesSource({
      kubeConfig: server.config({ exec: { command: "krm-no-such-plugin" } }),
    });
    expect(await failure(list(missing))).toMatchObject({ message: expect.stringMatching(/ENOENT|EACCES/) as string });
  });

  it("include name and password, and impersonation", async () => {
    await using server = await TestServer.start((_request, response) => json(response, listBody("1", [])));
    const user = {
      username: "ann",
      password: "p:w",
      as: "bob",
      "as-groups": ["dev", "ops"],
      "as-user-extra": { "example.org/Team": ["x"] },
    };
    await using source = new KubernetesSource({
      kubeConfig: loadKubeConfig({ file: kubeConfigFile(server.url, user) }),
    });
    await list(source);
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from("ann:p:w").toString("base64")}`,
      "impersonate-user": "bob",
      "impersonate-group": "dev, ops",
      "impersonate-extra-example.org%2fteam": "x",
    });
  });

  it("may be a client certificate, and a CA that rotates: connections are made anew", async () => {
    const [old, renewed, client] = await Promise.all([createTlsMaterial(), createTlsMaterial(), createTlsMaterial()]);
    const subjects: unknown[] = [];
    const serve = (tls: typeof old): Promise<TestServer> =>
      TestServer.start(
        (request, response) => {
          subjects.push((request.socket as TLSSocket).getPeerCertificate().raw);
          json(response, listBody("1", []));
        },
        { cert: tls.cert, key: tls.key, requestCert: true, rejectUnauthorized: false },
      );
    await using before = await serve(old);
    const caFile = join(folder, "ca.crt");
    writeFileSync(caFile, old.ca);
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const user = { certData: base64(client.cert), keyData: base64(client.key) };
    await using source = new KubernetesSource({ kubeConfig: before.config(user, { caFile }) });
    await list(source);
    expect(subjects).toHaveLength(1);
    expect(subjects[0]).toBeInstanceOf(Buffer);
    writeFileSync(caFile, renewed.ca);
    expect(await failure(list(source))).toMatchObject({ code: "KRM_CONNECTION" });
    writeFileSync(caFile, old.ca);
    await list(source);
    expect(subjects).toHaveLength(2);
  });

  it("may rotate while a watch is open: it goes on, and still ends with the source", async () => {
    const [old, renewed] = await Promise.all([createTlsMaterial(), createTlsMaterial()]);
    const answers: ServerResponse[] = [];
    await using server = await TestServer.start(
      (_request, response) => {
        answers.push(response.writeHead(200, { "content-type": "application/json" }));
        response.flushHeaders();
      },
      { cert: old.cert, key: old.key },
    );
    const caFile = join(folder, "ca.crt");
    writeFileSync(caFile, old.ca);
    await using source = new KubernetesSource({ kubeConfig: server.config({}, { caFile }) });
    const pods = source.listWatch({ resource: PODS });
    const from = { resourceVersion: parseResourceVersion("7"), timeoutSeconds: 300 };
    const ending = (await pods.watch(from))[Symbol.asyncIterator]();
    const lasting = (await pods.watch(from))[Symbol.asyncIterator]();
    writeFileSync(caFile, `${old.ca}${renewed.ca}`);
    await pods.watch(from);
    expect(server.sockets).toHaveLength(3);
    const [first, second] = answers;
    first?.write(frame("ADDED", podBody("a", "8")));
    expect((await ending.next()).value).toHaveLength(1);
    // A connection of the agent that was replaced is closed with its last watch, not kept for another.
    const closed = once(server.sockets[0] as object as EventEmitter, "close");
    first?.end();
    expect((await ending.next()).done).toBe(true);
    await closed;
    second?.write(frame("ADDED", podBody("a", "9")));
    expect((await lasting.next()).value).toHaveLength(1);
    const broken = failure(lasting.next());
    await source[Symbol.asyncDispose]();
    expect(await broken).toMatchObject({
      code: "KRM_CONNECTION",
      message: expect.stringContaining("was closed") as string,
    });
  });

  it.each([
    ["console.log('eyJhbGciOiJSUzI1NiIs.secret')", "what it printed is not an ExecCredential"],
    ["console.log('{}')", "what it printed is not an ExecCredential"],
    ["process.exit(1)", "it failed without a word"],
  ])("of a plugin that makes no sense are refused, and asked for again: %s", async (script, why) => {
    await using server = await guarded({ token: "good" });
    const marker = join(folder, "once");
    const program = `const fs = require("fs"), marker = ${JSON.stringify(marker)};
if (!fs.existsSync(marker)) { fs.writeFileSync(marker, ""); ${script}; }
else console.log(JSON.stringify({ status: { token: "good" } }));`;
    const exec = { command: process.execPath, args: ["-e", program] };
    await using source = new KubernetesSource({ kubeConfig: server.config({ exec }) });
    const error = await failure(list(source));
    expect(error).toMatchObject({
      code: "KRM_INVALID_KUBECONFIG",
      message: expect.stringMatching(new RegExp(`cannot be had: ${why}$`)) as string,
    });
    expect(inspect(error)).not.toContain("eyJh");
    await list(source);
  });

  it("are not sent in the clear to another machine", async () => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: "c", server: "http://10.0.0.1:8080", skipTLSVerify: false },
      { name: "me", token: "secret" },
    );
    await using source = new KubernetesSource({ kubeConfig: config });
    expect(await failure(list(source))).toMatchObject({
      code: "KRM_INVALID_KUBECONFIG",
      hint: expect.stringContaining("use an https server") as string,
    });
  });
});
