// What x509's dependency injection asks for, before it loads.
// oxlint-disable-next-line import/no-unassigned-import
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { ALGORITHM, generateKeys, keyPem, serialNumber } from "./certificate-parts.ts";

const DAY_MS = 86_400_000;

/** A server certificate and the authority that signed it, all as PEM. */
export interface TlsMaterial {
  /** The certificate authority: what a client must trust. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What {@link createTlsMaterial} can be told. */
export interface TlsMaterialOptions {
  /** Names and IP addresses that the certificate is for. Default: `127.0.0.1`, `::1` and `localhost`. */
  readonly hosts?: readonly string[];
  /** Days from now until it expires. Default 30; negative for one that has expired. */
  readonly validDays?: number;
}

/**
 * Makes a certificate authority and one server certificate signed by it (P-256; a few milliseconds). The keys are
 * random, and the validity follows the machine's real clock, since that is what a client checks it by. The authority's
 * own key is thrown away: it signs nothing else, ever.
 *
 * @example
 * const tls = await createTlsMaterial();
 * const server = https.createServer({ cert: tls.cert, key: tls.key });
 */
export async function createTlsMaterial(options: TlsMaterialOptions = {}): Promise<TlsMaterial> {
  const hosts = options.hosts ?? ["127.0.0.1", "::1", "localhost"];
  const validDays = options.validDays ?? 30;
  const now = Date.now();
  const notBefore = new Date(Math.min(now, now + validDays * DAY_MS) - DAY_MS);
  const notAfter = new Date(now + validDays * DAY_MS);

  const caKeys = await generateKeys();
  const caName = "CN=krm-simulated-ca";
  const ca = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: caName,
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    keys: caKeys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });

  const keys = await generateKeys();
  const cert = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: "CN=krm-simulated-apiserver",
    issuer: caName,
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    signingKey: caKeys.privateKey,
    publicKey: keys.publicKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIpAddress(value) ? ("ip" as const) : ("dns" as const), value })),
      ),
    ],
  });

  const key = await keyPem(keys);
  return { ca: `${ca.toString("pem")}\n`, cert: `${cert.toString("pem")}\n`, key };
}

function isIpAddress(host: string): boolean {
  return host.includes(":") || /^\d+(?:\.\d+){3}$/.test(host);
}
