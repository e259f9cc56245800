import { expect, test, vi } from "vitest";
import { KrmClient } from "../src/index.ts";
import { list, serve } from "./support/server.ts";

vi.mock("@kubernetes/client-node/dist/gen/models/ObjectSerializer.js", () => {
  throw new Error("Cannot find package '@kubernetes/client-node'");
});

test("without client-node, typed lists say what to do, and JSON works", async () => {
  const { url } = await serve(list("PodList", []));
  const client = new KrmClient({ url });
  await expect(client.getPods()).rejects.toMatchObject({
    code: "KRM_CLIENT_MISSING_PEER",
    hint: expect.stringContaining("npm install @kubernetes/client-node") as string,
  });
  expect((await client.getPods({ as: "json" })).items).toEqual([]);
  await expect(client.watch("pods")[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: "KRM_CLIENT_MISSING_PEER",
  });
});
