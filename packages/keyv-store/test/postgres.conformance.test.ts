import { openPostgresStore } from "@krm/keyv-store";
import { type PostgresServer, withPostgres } from "@krm/testkit/servers";
import { storeConformance } from "@krm/testkit/store-conformance";
import { afterAll, beforeAll } from "vitest";

withPostgres(process.env, (postgres) => {
  let [server, count] = [undefined as PostgresServer | undefined, 0];
  beforeAll(async () => void (server = await postgres.start()), 60_000);
  afterAll(() => server?.[Symbol.asyncDispose]());
  const create = async () => {
    const name = `t${++count}`;
    await server?.query(`create database ${name}`);
    const url = new URL(name, server?.url).href;
    const destroy = async (): Promise<void> => void (await server?.query(`drop database ${name}`));
    return { open: async () => openPostgresStore({ url }), destroy };
  };
  storeConformance({ name: "Keyv on PostgreSQL", create });
});
