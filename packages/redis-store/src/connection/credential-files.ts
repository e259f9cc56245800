import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { KrmError } from "@krm/core";
import type { TlsFiles } from "./redis-target.ts";

/** What TLS needs, as PEM. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The password in a file, without the line break at its end. Read at once, in one go: the client takes its password
 * without waiting, and the files are small and local.
 *
 * @throws KrmError `KRM_STORE_FAILED` that names the file.
 */
export function readPasswordFile(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw unreadable(file, "the password file", error);
  }
  const password = text.replace(/\r?\n$/, "");
  if (password === "") {
    throw new KrmError("KRM_STORE_FAILED", `the password file ${file} is empty`, {
      hint: "write the password into it; it is read again at the next connect",
    });
  }
  return password;
}

/** @throws KrmError `KRM_STORE_FAILED` that names the file. */
export async function readTlsFiles({ caFile, certFile, keyFile }: TlsFiles): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all([
    readPem(caFile, "the certificate authority"),
    readPem(certFile, "the client certificate"),
    readPem(keyFile, "the key of the client certificate"),
  ]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

async function readPem(file: string | undefined, what: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw unreadable(file, what, error);
  }
  // Node.js ignores what it cannot read in `ca`, and then trusts nobody, without saying why.
  if (!text.includes("-----BEGIN ")) {
    throw new KrmError("KRM_STORE_FAILED", `${what} ${file} is not PEM`, {
      hint: "it must hold -----BEGIN …----- blocks; `openssl x509 -inform der` converts",
    });
  }
  return text;
}

function unreadable(file: string, what: string, cause: unknown): KrmError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const why = code === "ENOENT" ? "there is no such file" : code === "EACCES" ? "permission denied" : code;
  return new KrmError("KRM_STORE_FAILED", `${what} ${file} cannot be read: ${why}`, {
    cause,
    hint: "check the path in the URL, who owns the file and its mode",
  });
}
