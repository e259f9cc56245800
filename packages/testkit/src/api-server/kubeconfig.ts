import { stringify } from "yaml";

/** What a kubeconfig file must say. */
export interface KubeconfigInput {
  /** The API server's URL. */
  readonly server: string;
  /** The authority to trust, as PEM. Left out for a server without TLS. */
  readonly ca?: string | undefined;
  /** Name of the user, also in the context's name. */
  readonly user: string;
  /** The bearer token. Left out for an anonymous user. */
  readonly token?: string | undefined;
}

/**
 * Writes a kubeconfig with one cluster, one user and one context, self-contained: the authority's data is inside. The
 * token is a secret of the simulator only, but the file may lie next to real ones, so it should be written for its owner
 * alone.
 *
 * @example
 * writeFileSync("sim.kubeconfig", kubeconfigYaml({ server: url, ca, user: "admin", token: "admin-token" }), { mode: 0o600 });
 */
export function kubeconfigYaml(input: KubeconfigInput): string {
  const cluster = "krm-simulated";
  const context = `${input.user}@${cluster}`;
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: cluster,
          cluster: {
            ...(input.ca === undefined
              ? {}
              : { "certificate-authority-data": Buffer.from(input.ca).toString("base64") }),
            server: input.server,
          },
        },
      ],
      users: [{ name: input.user, user: input.token === undefined ? {} : { token: input.token } }],
      contexts: [{ name: context, context: { cluster, user: input.user } }],
      "current-context": context,
    },
    { lineWidth: 0 },
  );
}
