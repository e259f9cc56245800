import { inspect } from "node:util";
import { KrmError } from "@krm/core";
import { createTlsMaterial } from "@krm/testkit";
import { withRedis } from "@krm/testkit/servers";
import { ReplyError } from "ioredis";
import { describe, expect, it } from "vitest";
import { checkServer } from "../src/connection/check-server.ts";
import { neededRights } from "../src/connection/needed-rights.ts";
import { parseRedisUrl } from "../src/connection/redis-url.ts";
import { storeError } from "../src/connection/store-error.ts";
import { connect, connected } from "./support/connect.ts";
import { logSpy } from "./support/log-spy.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const replyError = (message: string): Error => new (ReplyError as new (message: string) => Error)(message);
const coded = (code: string): Error => Object.assign(new Error(`something ${code}`), { code });

const single = parseRedisUrl("redis://u:hunter2@h");
const sentinel = parseRedisUrl("redis+sentinel://h/m");
const cluster = parseRedisUrl("redis+cluster://h");
const tls = parseRedisUrl("rediss://h?ca=ca.pem");

describe("storeError", () => {
  it.each([
    [single, replyError("OOM command not allowed when used memory > 'maxmemory'."), "its memory is full (OOM command"],
    [single, replyError("MISCONF Redis is configured to save RDB snapshots"), "it cannot save to disk and takes no"],
    [single, replyError("NOREPLICAS Not enough good replicas to write."), "it takes no writes without enough replicas"],
    [single, replyError("MASTERDOWN Link with MASTER is down"), "it is a replica that has lost its master"],
    [single, replyError("DENIED Redis is running in protected mode"), "it answers to its own machine only"],
    [single, replyError("BUSY Redis is busy running a script."), "it is busy with a script"],
    [single, replyError("NOSCRIPT No matching script."), "it has forgotten a script, and was not given it again"],
    [single, replyError("MOVED 3999 127.0.0.1:6381"), "it is a node of a cluster (MOVED 3999"],
    [single, replyError("ERR max number of clients reached"), "it takes no more connections"],
    [single, replyError("NOPROTO unsupported protocol version"), "it does not know a command that KRM needs"],
    [single, replyError("READONLY You can't write against a read only replica."), "it is a read-only replica"],
    [sentinel, replyError("READONLY You can't write against a read only replica."), "it is no longer the master"],
    [cluster, replyError("MOVED 3999 127.0.0.1:6381"), "the slot is moving to another node"],
    [cluster, replyError("CLUSTERDOWN Hash slot not served"), "the cluster is down"],
    [cluster, replyError("CROSSSLOT Keys in request don't hash to the same slot"), "the keys of one command are in"],
    [
      cluster,
      new Error("All keys in the pipeline should belong to the same slots allocation group"),
      "the keys of one",
    ],
    [single, new AggregateError([coded("ECONNREFUSED"), coded("ECONNREFUSED")]), "the connection was refused"],
    [single, coded("EHOSTUNREACH"), "there is no route to it"],
    [single, coded("ENOTFOUND"), "the name cannot be resolved"],
    [single, coded("EAI_AGAIN"), "the name cannot be resolved now"],
    [single, coded("ETIMEDOUT"), "connecting took too long"],
    [tls, coded("CERT_HAS_EXPIRED"), "its certificate is not valid at this time"],
    [tls, coded("ERR_TLS_CERT_ALTNAME_INVALID"), "its certificate is for another name"],
    [tls, coded("ERR_SSL_WRONG_VERSION_NUMBER"), "it does not speak TLS"],
  ])("on %o says of %o: %s", (target, error, words) => {
    const mapped = storeError(error, target);
    expect(mapped.code).toBe("KRM_STORE_FAILED");
    expect(mapped.message).toContain(`://h`);
    expect(mapped.message).toContain(`: ${words}`);
    expect(mapped.cause).toBe(error);
  });

  it("passes on the words of what it does not know, and KrmErrors as they are", () => {
    expect(storeError(replyError("ERR strange"), single)).toMatchObject({
      message: "redis://h:6379/0: ERR strange",
      hint: undefined,
    });
    const own = new KrmError("KRM_STORE_CONFLICT", "x");
    expect(storeError(own, single)).toBe(own);
  });

  it("keeps no arguments of commands", () => {
    const error = Object.assign(replyError("WRONGPASS invalid"), { command: { name: "auth", args: ["u", "hunter2"] } });
    const mapped = storeError(new Error("around", { cause: error }), single);
    expect(inspect(mapped, { depth: 9, showHidden: true })).not.toContain("hunter2");
    expect(error.command).toEqual({ name: "auth" });
    const unknown = replyError("ERR unknown command 'EVALX', with args beginning with: 'hunter2'");
    expect(storeError(unknown, single).message).not.toContain("hunter2");
  });
});

async function refusalOf(url: string): Promise<KrmError> {
  await using connection = connect(url, { connectTimeoutMs: 2000 });
  const error: unknown = await connection.ready().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!KrmError.is(error, "KRM_STORE_FAILED")) throw new Error("it was not refused", { cause: error });
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("hunter2");
  // What runs afterwards fails at once, for the same reason.
  await expect(connection.run((client) => client.ping())).rejects.toMatchObject({ message: error.message });
  return error;
}

withRedis(process.env, ({ start }) => {
  describe("a server that refuses", { timeout: 20_000 }, () => {
    it("tells a missing, a wrong and an unreadable password apart", async () => {
      using folder = temporaryFolder();
      await using redis = await start({ password: "right" });
      const server = `127.0.0.1:${redis.port}`;
      expect(await refusalOf(`redis://${server}`)).toMatchObject({
        message: `redis://${server}/0: it wants a password (NOAUTH Authentication required.)`,
        hint: "write redis://USER:PASSWORD@HOST, or add passwordFile=FILE",
      });
      expect(await refusalOf(`redis://:hunter2@${server}`)).toMatchObject({
        message: `redis://${server}/0: the user or the password is wrong, or the user is off (WRONGPASS invalid username-password pair or user is disabled.)`,
        hint: "check the user and the password in the URL",
      });
      const wrong = folder.file("wrong", "hunter2");
      expect(await refusalOf(`redis://${server}?passwordFile=${wrong}`)).toMatchObject({
        hint: `check the user in the URL, and ${wrong}`,
      });
      expect(await refusalOf(`redis://${server}?passwordFile=/nowhere`)).toMatchObject({
        message: "the password file /nowhere cannot be read: there is no such file",
      });
      expect(await refusalOf(`redis://${server}?passwordFile=${folder.file("empty", "\n")}`)).toMatchObject({
        message: `the password file ${folder.path}/empty is empty`,
      });
    });

    it("takes any password where the server wants none", async () => {
      await using redis = await start();
      await using connection = connect(`redis://:any@127.0.0.1:${redis.port}`);
      await connection.ready();
    });

    it("names what a user may not do, and the rights that do", async () => {
      const rights = neededRights({ prefix: "krm" });
      await using redis = await start({ aclUsers: [`able on >pw ${rights}`, "unable on >pw +ping"] });
      const server = `127.0.0.1:${redis.port}`;
      const logger = logSpy();
      await using unable = connect(`redis://unable:pw@${server}`);
      await unable.ready();
      await expect(unable.run((client) => client.get("krm:a"))).rejects.toMatchObject({
        code: "KRM_STORE_FAILED",
        message: expect.stringMatching(/the user may not do this \(NOPERM .*'get' command\)/),
        hint: `grant the user ${rights}`,
      });
      expect(await checkServer(unable, { logger })).toEqual({ nodes: [] });
      await logger.line("the store does not tell what it is");
      // ioredis would go on in database 0.
      expect(await refusalOf(`redis://unable:pw@${server}/1`)).toMatchObject({
        message: expect.stringMatching(/NOPERM .*'select' command/),
      });

      await using able = connect(`redis://able:pw@${server}/1`);
      await able.ready();
      expect((await checkServer(able, { logger })).nodes).toHaveLength(1);
      await able.run((client) => client.multi().set("krm:a", "1").publish("krm:c", "").exec());
      expect(await able.run((client) => client.eval("return redis.call('GET', KEYS[1])", 1, "krm:a"))).toBe("1");
      await expect(able.run((client) => client.get("other"))).rejects.toMatchObject({
        message: expect.stringContaining("the user may not do this (NOPERM "),
      });
      await expect(able.run((client) => client.flushall())).rejects.toMatchObject({ code: "KRM_STORE_FAILED" });
    });

    it("says what is wrong with the database or the kind", async () => {
      await using redis = await start({ config: { databases: "2" } });
      const server = `127.0.0.1:${redis.port}`;
      expect(await refusalOf(`redis://${server}/2`)).toMatchObject({
        message: `redis://${server}/2: it does not have this database (ERR DB index is out of range)`,
      });
      expect(await refusalOf(`redis+cluster://${server}`)).toMatchObject({
        message: `redis+cluster://${server}: it is not a node of a cluster (ERR This instance has cluster support disabled)`,
        hint: "write redis:// instead of redis+cluster://",
      });
      expect(await refusalOf(`redis+sentinel://${server}/m`)).toMatchObject({
        message: expect.stringContaining(`redis+sentinel://${server}/m/0: Sentinel ${server}: it is no Sentinel (ERR `),
      });
    });

    it("verifies TLS, and tells what is wrong with it", async () => {
      using folder = temporaryFolder();
      const [own, other] = await Promise.all([createTlsMaterial(), createTlsMaterial()]);
      await using redis = await start({ tls: own });

      for (const host of ["127.0.0.1", "localhost"]) {
        await using connection = connect(`rediss://${host}:${redis.port}?ca=${redis.caFile}`);
        await connection.ready();
        expect(await connection.run((client) => client.ping())).toBe("PONG");
      }
      expect(await refusalOf(redis.url)).toMatchObject({
        message: expect.stringContaining(
          `${redis.url}/0: its certificate is signed by an authority that is not known here (`,
        ),
        hint: "name the authority: ?ca=FILE",
      });
      const strange = folder.file("strange", other.ca);
      expect(await refusalOf(`${redis.url}?ca=${strange}`)).toMatchObject({
        message: expect.stringContaining("its certificate is not signed by the authority of the URL"),
        hint: `check what ${strange} holds`,
      });
      expect(await refusalOf(`${redis.url}?ca=/nowhere`)).toMatchObject({
        message: "the certificate authority /nowhere cannot be read: there is no such file",
      });
      expect(await refusalOf(`${redis.url}?ca=${folder.file("text", "x")}`)).toMatchObject({
        message: `the certificate authority ${folder.path}/text is not PEM`,
      });
    });

    it("asks for the client certificate that the server wants", async () => {
      using folder = temporaryFolder();
      const tls = await createTlsMaterial();
      await using redis = await start({ tls, config: { "tls-auth-clients": "yes" } });
      const url = `${redis.url}?ca=${redis.caFile}`;
      // The server hangs up; whether its word is heard before is chance.
      const logger = logSpy();
      await using none = connect(url, { logger });
      const { fields } = await logger.line("the store cannot be reached");
      expect(fields["hint"]).toContain("give one: ?cert=FILE&key=FILE");
      expect(none.connected).toBe(false);
      const [cert, key, other] = [
        folder.file("cert", tls.cert),
        folder.file("key", tls.key),
        folder.file("other", (await createTlsMaterial()).key),
      ];
      expect(await refusalOf(`${url}&cert=${cert}&key=${other}`)).toMatchObject({
        message: expect.stringContaining("the client certificate and its key do not belong together"),
      });
      // One that is for servers only, in TLS 1.3, is refused like none.
      const second = logSpy();
      await using wrong = connect(`${url}&cert=${cert}&key=${key}`, { logger: second });
      await second.line("the store cannot be reached");
      expect(wrong.connected).toBe(false);
    });

    it("notices TLS where there is none, and none where there is", async () => {
      await using plain = await start();
      await using secure = await start({ tls: await createTlsMaterial() });
      const noTls = "does this port speak TLS? If not, write redis instead of rediss, or name its TLS port";
      const wantsTls = "does this port want TLS? Then write rediss instead of redis";
      for (const [url, error, hint] of [
        [`rediss://127.0.0.1:${plain.port}`, "it does not answer in TLS (TLS_TIMEOUT)", noTls],
        [`redis://127.0.0.1:${secure.port}`, "there is no connection, or it broke", wantsTls],
      ] as const) {
        const logger = logSpy();
        await using connection = connect(url, { logger, connectTimeoutMs: 100 });
        const { fields } = await logger.line("the store cannot be reached");
        expect(fields).toMatchObject({ error: expect.stringContaining(error), hint });
        expect(connection.connected).toBe(false);
      }
    });

    it("says of a replica that it takes no writes", async () => {
      await using master = await start();
      await using replica = await start({ replicaOf: master });
      await using connection = connect(replica.url);
      await connection.ready();
      await expect(checkServer(connection, { logger: logSpy() })).rejects.toMatchObject({
        code: "KRM_STORE_UNUSABLE",
        message: `${replica.url}/0 is a read-only replica`,
        hint: "name the master, or all Sentinels with redis+sentinel://HOST:26379/MASTER",
      });
      const again = connected(connection);
      await expect(connection.run((client) => client.set("a", "1"))).rejects.toMatchObject({
        code: "KRM_STORE_FAILED",
        message: expect.stringContaining("it is a read-only replica (READONLY "),
      });
      // The name may lead to another server by now.
      await again;
    });
  });
});
