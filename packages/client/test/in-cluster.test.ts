import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { IN_CLUSTER_TOKEN_FILE, KrmClient } from "../src/index.ts";
import { list, serve } from "./support/server.ts";
import { tokenFile } from "./support/token-file.ts";

test("a client in a pod asks with the token that is for KRM, and takes no other where it is missing", async (context) => {
  if (existsSync(IN_CLUSTER_TOKEN_FILE)) context.skip("this is a pod with such a token");
  const { url, received } = await serve(list("PodList", []));
  await expect(KrmClient.inCluster({ url }).list("pods")).rejects.toMatchObject({
    code: "KRM_CLIENT_TOKEN_FILE",
    message: expect.stringContaining(IN_CLUSTER_TOKEN_FILE) as string,
    hint: expect.stringContaining("audience krm") as string,
  });
  expect(received).toEqual([]);
});

test("the file may be another", async () => {
  const { url, received } = await serve(list("PodList", []));
  await KrmClient.inCluster({ url, tokenFile: tokenFile("abc\n") }).list("pods");
  expect(received.map(({ authorization }) => authorization)).toEqual(["Bearer abc"]);
});

test("its token goes over plain HTTP only where that is said", () => {
  expect(() => KrmClient.inCluster({ url: "http://krm.krm.svc:8003" })).toThrow(
    expect.objectContaining({ code: "KRM_CLIENT_INSECURE_TOKEN" }),
  );
  expect(() => KrmClient.inCluster({ url: "http://krm.krm.svc:8003", allowInsecureToken: true })).not.toThrow();
});

test("it takes no token but a file's", () => {
  const options = { url: "https://krm.krm.svc:8003", token: "abc" };
  expect(() => KrmClient.inCluster(options)).toThrow("both token and tokenFile");
});
