import { createSecureContext } from "node:tls";
import { type Clock, KrmError, type Logger } from "@krm/core";
import { type FollowedFiles, followFiles } from "./followed-files.ts";

/** Where a server's certificate is. Both are PEM. */
export interface TlsFiles {
  /** The server's certificate, and after it those that lead to its authority. */
  readonly certFile: string;
  /** The private key, not encrypted. */
  readonly keyFile: string;
}

/** A certificate and the key that belongs to it. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads a certificate and its key, and follows both.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` for a file that cannot be read, and for a pair that does not belong together.
 */
export async function followTlsFiles(
  files: TlsFiles,
  at: { readonly clock: Clock; readonly logger: Logger },
): Promise<FollowedFiles<KeyPair>> {
  return followFiles({
    ...at,
    files: [files.certFile, files.keyFile],
    understand: ([cert = "", key = ""]) => checked({ cert, key }, files),
  });
}

function checked(pair: KeyPair, files: TlsFiles): KeyPair {
  try {
    createSecureContext({ cert: pair.cert, key: pair.key });
    return pair;
  } catch (error) {
    throw new KrmError(
      "KRM_INVALID_ARGUMENT",
      `${files.certFile} and ${files.keyFile} are not a certificate and its key: ${(error as Error).message}`,
      { cause: error, hint: "Give a PEM certificate and the unencrypted PEM key that belongs to it." },
    );
  }
}
