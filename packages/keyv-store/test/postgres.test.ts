import { inspect } from "node:util";
import { SeededRandom, writableScope } from "@krm/testkit";
import { FaultProxy, freePort, type PostgresServer, withPostgres } from "@krm/testkit/servers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPostgresStore } from "../src/index.ts";
import { postgresAdapter } from "../src/postgres/postgres-adapter.ts";
import { openPersistence, textOf } from "./support/open-persistence.ts";
import { commitAt, Model, podObject, randomCommit, SCOPES, setObject } from "./support/random-commits.ts";

const PASSWORD = "s3cret/@:%";

withPostgres(process.env, (postgres) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await postgres.start({ password: PASSWORD });
  }, 60_000);
  afterAll(() => server[Symbol.asyncDispose]());

  /** The URL of a new, empty database. */
  let count = 0;
  async function emptyDatabase(more = ""): Promise<string> {
    await server.query(`create database t${++count} ${more}`);
    return new URL(`/t${count}`, server.url).href;
  }

  async function refusalOf(url: string): Promise<{ code: string; message: string; hint: string }> {
    const error: unknown = await openPostgresStore({ url }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const shown = inspect(error, { depth: 20, showHidden: true });
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), "wrong-one"]) expect(shown).not.toContain(secret);
    expect(error).toMatchObject({ hint: expect.any(String) });
    return error as { code: string; message: string; hint: string };
  }

  /** With another user, password, port or database. */
  function otherUrl(change: (url: URL) => void): string {
    const url = new URL(server.url);
    change(url);
    return url.href;
  }

  test("a wrong password", async () => {
    const error = await refusalOf(otherUrl((url) => (url.password = "wrong-one")));
    expect(error.code).toBe("KRM_STORE_UNUSABLE");
    expect(error.message).toBe(
      `PostgreSQL at 127.0.0.1:${server.port}, database postgres: the user or the password is wrong (password authentication failed for user "postgres")`,
    );
  });

  test("no password", async () => {
    const error = await refusalOf(otherUrl((url) => (url.password = "")));
    expect(error).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining("it wants a password"),
    });
  });

  test("an unknown database", async () => {
    const error = await refusalOf(new URL("/nowhere", server.url).href);
    expect(error).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining("database nowhere: this database does not exist"),
    });
  });

  test("nobody there", async () => {
    const port = await freePort();
    const error = await refusalOf(otherUrl((url) => (url.port = String(port))));
    expect(error).toMatchObject({
      code: "KRM_STORE_FAILED",
      message: `PostgreSQL at 127.0.0.1:${port}, database postgres: the connection was refused (connect ECONNREFUSED 127.0.0.1:${port})`,
    });
  });

  test("a server without TLS, a file that is not there", async () => {
    expect(await refusalOf(`${server.url}?sslmode=verify-full`)).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining("it does not speak TLS"),
    });
    expect(await refusalOf(`${server.url}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem`)).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining("a file that its URL names cannot be read (ENOENT"),
    });
  });

  test("a user who may not make tables", async () => {
    await server.query(`create role reader login password 'x'; revoke create on schema public from public`);
    const error = await refusalOf(
      otherUrl((url) => {
        url.username = "reader";
        url.password = "x";
      }),
    );
    expect(error).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining("the user may not do this (permission denied for schema public)"),
    });
  });

  test("a database that is read-only, and one that cannot hold all characters", async () => {
    const url = await emptyDatabase();
    await server.query(`alter database t${count} set default_transaction_read_only = on`);
    expect(await refusalOf(url)).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining("it is read-only"),
    });
    const latin = await emptyDatabase("encoding 'LATIN1' locale 'C' template template0");
    expect(await refusalOf(latin)).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining("the database cannot hold all characters"),
    });
  });

  test("what is no URL of PostgreSQL is not repeated", async () => {
    for (const url of [
      `postgres://krm:${encodeURIComponent(PASSWORD)}@127.0.0.1:x/krm`,
      "mysql://krm:wrong-one@db/krm",
    ])
      expect(await refusalOf(url)).toMatchObject({
        code: "KRM_INVALID_ARGUMENT",
        message: "this is no PostgreSQL URL",
      });
  });

  test("a server that dies is a failed commit, and then works again", async () => {
    await using store = await openPostgresStore({ url: await emptyDatabase() });
    const scope = writableScope(store.scope({ resource: SCOPES[0]?.resource as never }));
    await scope.commit(commitAt(1, setObject(podObject("a", 1))));
    await server.kill();
    await expect(scope.commit(commitAt(2))).rejects.toMatchObject({ code: "KRM_STORE_FAILED" });
    await server.restart();
    await scope.commit(commitAt(3));
    expect((await scope.store.meta()).version).toBe("3");
  });

  test("a connection that breaks at any moment loses nothing, and undoes nothing", { timeout: 60_000 }, async () => {
    const url = await emptyDatabase();
    await using proxy = new FaultProxy();
    await proxy.listen(server.port);
    const proxied = new URL(url);
    proxied.port = String(proxy.port);
    const random = new SeededRandom(11);
    const open = (at: string): ReturnType<typeof openPersistence> =>
      openPersistence(postgresAdapter(at), { atomicBatches: true });
    const persistence = await open(proxied.href);
    let model = new Model();
    let failures = 0;
    for (let version = 1; version <= 150; version++) {
      const one = randomCommit(random, version);
      const patient = random.chance(0.5) || version === 150;
      for (let done = false; !done;) {
        const attempt = persistence.commit(one.scope, one.commit).then(
          () => true,
          () => false,
        );
        if (version < 150 && random.chance(0.4)) {
          for (let turns = random.integer(0, 30); turns > 0; turns--) await new Promise(setImmediate);
          proxy.breakConnections();
        }
        done = await attempt;
        if (done) model = model.after(one);
        else failures++;
        if (!patient) break;
      }
    }
    expect(failures).toBeGreaterThan(5);
    await persistence[Symbol.asyncDispose]();
    const reopened = await open(url);
    expect(await textOf(reopened)).toBe(model.text);
    await reopened[Symbol.asyncDispose]();
  });
});
