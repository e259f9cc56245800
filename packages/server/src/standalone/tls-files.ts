import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { type Clock, KrmError, type Logger } from "@krm/core";
import { type FollowedFiles, followFiles } from "./followed-files.ts";

/** Where a server's certificate is, and whose certificates it takes from clients. All are PEM. */
export interface TlsFiles {
  /** The server's certificate, and after it those that lead to its authority. */
  readonly certFile: string;
  /** The private key, not encrypted. */
  readonly keyFile: string;
  /**
   * Certificate authorities, each up to its self-signed root. A client's certificate by one of them says who asks, as at
   * the API server: the CN is the user, each O a group. Undefined: clients are asked for no certificate.
   */
  readonly clientCaFile?: string | undefined;
}

/** A certificate and the key that belongs to it. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** A server's files, as they were last understood. */
export interface FollowedTls {
  readonly pair: KeyPair;
  /** Undefined: clients are asked for no certificate. */
  readonly clientCa: readonly string[] | undefined;
  /** Looks at the files until the signal aborts, and tells of each change that was understood. Never rejects. */
  follow(signal: AbortSignal, changed: (what: "pair" | "client-ca") => void): Promise<void>;
}

/**
 * Reads a certificate, its key and the authorities of clients, and follows them; what is wrong with the one does not keep
 * the other from being renewed.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` for a file that cannot be read, for a pair that does not belong together, and
 * for authorities that are none.
 */
export async function followTlsFiles(
  files: TlsFiles,
  at: { readonly clock: Clock; readonly logger: Logger },
): Promise<FollowedTls> {
  const { certFile, keyFile, clientCaFile } = files;
  const pair = await followFiles({
    ...at,
    files: [certFile, keyFile],
    understand: ([cert = "", key = ""]) => checked({ cert, key }, files),
  });
  const clientCa: FollowedFiles<readonly string[]> | undefined =
    clientCaFile === undefined
      ? undefined
      : await followFiles({
          ...at,
          files: [clientCaFile],
          understand: ([text = ""]) => certificatesIn(text, clientCaFile),
        });
  return {
    get pair() {
      return pair.current;
    },
    get clientCa() {
      return clientCa?.current;
    },
    async follow(signal, changed) {
      await Promise.all([
        pair.follow(signal, () => changed("pair")),
        clientCa?.follow(signal, () => changed("client-ca")),
      ]);
    },
  };
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

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/gu;

/** What else stands in the file is passed over. */
function certificatesIn(text: string, file: string): readonly string[] {
  const hint = "Give PEM certificates of authorities, each of them up to its self-signed root.";
  try {
    const certificates = (text.match(CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem));
    if (certificates.length === 0) throw new Error("it holds no certificate");
    const other = certificates.find(({ ca }) => !ca);
    if (other !== undefined) throw new Error(`${nameOf(other)} is no authority`);
    const loose = certificates.find((each) => !certificates.some((above) => each.checkIssued(above)));
    if (loose !== undefined) throw new Error(`the authority above ${nameOf(loose)} is missing`);
    return certificates.map(String);
  } catch (error) {
    throw new KrmError(
      "KRM_INVALID_ARGUMENT",
      `${file} cannot say whose certificates count: ${(error as Error).message}`,
      {
        cause: error,
        hint,
      },
    );
  }
}

function nameOf({ subject }: X509Certificate): string {
  return JSON.stringify(subject.replaceAll("\n", ", "));
}
