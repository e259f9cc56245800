import type { X509Certificate } from "node:crypto";
import type { Identity } from "./authenticator.ts";

/** The subject's attribute that holds a user's uid, by the number that Kubernetes has for it. */
const UID = "1.3.6.1.4.1.57683.2";

const AUTHENTICATED = "system:authenticated";
const UNAUTHENTICATED = "system:unauthenticated";

/** Under which the cluster's authorizers and its audit log are told which certificate it was. */
const CREDENTIAL_ID = "authentication.kubernetes.io/credential-id";

/**
 * Whom a client's certificate names, as kube-apiserver reads it: the last CN is the user, each O a group; all who are
 * known are in `system:authenticated`. Undefined: nobody. Says nothing of whether the certificate is to be believed.
 */
export function certificateUser(certificate: X509Certificate): Identity | undefined {
  // The text form of a subject would have to be parsed, and its escapes with it.
  const { subject } = certificate.toLegacyObject();
  const attributes: Readonly<Record<string, string | readonly string[] | undefined>> = { ...subject };
  const user = valuesOf(attributes["CN"]).at(-1) ?? "";
  const uids = valuesOf(attributes[UID]);
  // Two of them name nobody, as upstream.
  if (user === "" || uids.length > 1) return undefined;
  const groups = valuesOf(attributes["O"]);
  const [uid] = uids;
  return {
    user,
    groups: isComplete(user, groups) ? groups : [...groups, AUTHENTICATED],
    ...(uid === undefined ? {} : { uid }),
    extra: { [CREDENTIAL_ID]: [`X509SHA256=${certificate.fingerprint256.replaceAll(":", "").toLowerCase()}`] },
  };
}

function isComplete(user: string, groups: readonly string[]): boolean {
  return user === "system:anonymous" || groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED);
}

function valuesOf(attribute: string | readonly string[] | undefined): readonly string[] {
  return attribute === undefined ? [] : typeof attribute === "string" ? [attribute] : attribute;
}
