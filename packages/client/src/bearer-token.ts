import { KrmClientError } from "./error.ts";
import { IN_CLUSTER_TOKEN_FILE } from "./in-cluster.ts";
import type { Connection } from "./options.ts";

/** The token to ask with, read anew where it is in a file. @throws KrmClientError `KRM_CLIENT_TOKEN_FILE` */
export async function bearerToken({ token, tokenFile }: Connection): Promise<string | undefined> {
  if (tokenFile === undefined) return token;
  const hint =
    tokenFile === IN_CLUSTER_TOKEN_FILE
      ? "mount a projected service account token with the audience krm there, or name another tokenFile"
      : "name a file that holds the token and that this process may read";
  let read: string;
  try {
    // Not by an import, so that the package can be bundled for browsers, which have no files.
    const { readFile } = process.getBuiltinModule("node:fs/promises");
    read = (await readFile(tokenFile, "utf8")).trim();
  } catch (cause) {
    throw new KrmClientError("KRM_CLIENT_TOKEN_FILE", `tokenFile cannot be read: ${(cause as Error).message}`, {
      hint,
      cause,
    });
  }
  if (!/^[\x21-\x7e]+$/.test(read))
    throw new KrmClientError("KRM_CLIENT_TOKEN_FILE", `tokenFile ${tokenFile} holds no token, or more than one`, {
      hint,
    });
  return read;
}

/** What the file holds by now instead of a token that was refused; undefined: the same, or nothing that can be read. */
export async function newerToken(connection: Connection, refused: string | undefined): Promise<string | undefined> {
  if (connection.tokenFile === undefined) return undefined;
  const token = await bearerToken(connection).catch(() => undefined);
  return token === refused ? undefined : token;
}
