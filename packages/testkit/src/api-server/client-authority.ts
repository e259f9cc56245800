// What x509's dependency injection asks for, before it loads.
// oxlint-disable-next-line import/no-unassigned-import
import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { ALGORITHM, generateKeys, keyPem, serialNumber } from "./certificate-parts.ts";

const DAY_MS = 86_400_000;

/** A client's certificate and its key, as PEM. */
export interface ClientCertificate {
  /** Behind it, where an intermediate authority signed it, that authority's own. */
  readonly cert: string;
  readonly key: string;
}

/** Whom a client's certificate is for. */
export interface ClientCertificateOptions {
  /** The subject's CN. Undefined: it has none. */
  readonly user?: string;
  /** One O each. */
  readonly groups?: readonly string[];
  /** The attribute that Kubernetes keeps a user's uid in (1.3.6.1.4.1.57683.2). */
  readonly uid?: string;
  /** Default: in a day, by the machine's clock. */
  readonly notAfter?: Date;
  /** Extended key usages. Default: client; empty: no such extension. */
  readonly usages?: readonly ("client" | "server")[];
}

/** A certificate authority for clients. Its key is random, and stays inside. */
export interface ClientAuthority {
  /** Its own certificate, PEM: what a server must trust. */
  readonly ca: string;
  issue(options: ClientCertificateOptions): Promise<ClientCertificate>;
  /** An authority that this one vouches for. */
  intermediate(name?: string): Promise<ClientAuthority>;
}

/**
 * Makes a certificate authority for clients (P-256; a few milliseconds). Validity follows the machine's real clock, since
 * that is what a server checks it by.
 *
 * @example
 * const authority = await createClientAuthority();
 * const { cert, key } = await authority.issue({ user: "ada", groups: ["readers"] });
 */
export async function createClientAuthority(name = "krm-simulated-client-ca"): Promise<ClientAuthority> {
  const keys = await generateKeys();
  const own = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }],
    ...validity(),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [...(await authorityExtensions(keys))],
  });
  return authority(own, keys, []);
}

function authority(
  own: X509Certificate,
  keys: webcrypto.CryptoKeyPair,
  above: readonly X509Certificate[],
): ClientAuthority {
  const sign = async (
    subject: readonly Readonly<Record<string, string[]>>[],
    publicKey: webcrypto.CryptoKey,
    more: { readonly extensions: readonly Extension[]; readonly notAfter?: Date },
  ): Promise<X509Certificate> =>
    X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: [...subject],
      issuer: own.subjectName.toJSON(),
      ...validity(),
      ...more,
      extensions: [...more.extensions],
      signingAlgorithm: ALGORITHM,
      signingKey: keys.privateKey,
      publicKey,
    });
  return {
    ca: pem([own]),
    async issue({ user, groups = [], uid, notAfter, usages = ["client"] }) {
      const theirs = await generateKeys();
      const subject: Readonly<Record<string, string[]>>[] = [
        ...groups.map((group) => ({ O: [group] })),
        ...(user === undefined ? [] : [{ CN: [user] }]),
        ...(uid === undefined ? [] : [{ "1.3.6.1.4.1.57683.2": [uid] }]),
      ];
      const extended = usages.map((usage) => ExtendedKeyUsage[usage === "client" ? "clientAuth" : "serverAuth"]);
      const cert = await sign(subject, theirs.publicKey, {
        ...(notAfter === undefined ? {} : { notAfter }),
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          // By it a verifier tells authorities of the same name apart.
          await AuthorityKeyIdentifierExtension.create(keys.publicKey),
          ...(extended.length === 0 ? [] : [new ExtendedKeyUsageExtension(extended)]),
        ],
      });
      return { cert: pem([cert, ...above]), key: await keyPem(theirs) };
    },
    async intermediate(name = "krm-simulated-intermediate-ca") {
      const theirs = await generateKeys();
      const extensions = [
        ...(await authorityExtensions(theirs)),
        await AuthorityKeyIdentifierExtension.create(keys.publicKey),
      ];
      const cert = await sign([{ CN: [name] }], theirs.publicKey, { extensions });
      return authority(cert, theirs, [cert, ...above]);
    },
  };
}

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 30 * DAY_MS), notAfter: new Date(now + DAY_MS) };
}

async function authorityExtensions({ publicKey }: webcrypto.CryptoKeyPair): Promise<readonly Extension[]> {
  return [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(publicKey),
  ];
}

function pem(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => `${certificate.toString("pem")}\n`).join("");
}
