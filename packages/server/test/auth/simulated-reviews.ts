import { KrmError } from "@krm/core";
import type { AccessReviews } from "@krm/server";
import type { SimApiServer } from "@krm/testkit";

interface Review {
  readonly status: {
    readonly authenticated?: boolean;
    readonly user?: { readonly username?: string; readonly uid?: string; readonly groups?: readonly string[] };
    readonly audiences?: readonly string[];
    readonly allowed?: boolean;
  };
}

/** Asks a simulated API server, as `@krm/kubernetes` does, which tests its own way of it. */
export function simulatedReviews(apiServer: SimApiServer, token: string): AccessReviews {
  const ask = async (path: string, kind: string, spec: object, signal: AbortSignal | undefined): Promise<Review> => {
    const apiVersion = path.split("/").slice(2, 4).join("/");
    const response = await fetch(`${apiServer.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ apiVersion, kind, spec }),
      ...(signal && { signal }),
    });
    const answer: unknown = await response.json();
    if (response.status === 201) return answer as Review;
    const { message, reason } = answer as { readonly message: string; readonly reason: string };
    const status = { code: response.status, reason, message, retryAfterSeconds: undefined };
    throw new KrmError("KRM_API_STATUS", message, { status, hint: "bind system:auth-delegator" });
  };
  return {
    async reviewToken(asked, audiences, options) {
      const path = "/apis/authentication.k8s.io/v1/tokenreviews";
      const { status } = await ask(path, "TokenReview", { token: asked, audiences }, options?.signal);
      if (status.authenticated !== true) return undefined;
      const { groups, uid, username = "" } = status.user ?? {};
      return { identity: { user: username, groups, uid }, audiences: status.audiences ?? [] };
    },
    async reviewAccess({ groups, uid, user }, { type, ...attributes }, options) {
      const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
      const what = { [type === "path" ? "nonResourceAttributes" : "resourceAttributes"]: attributes };
      const { status } = await ask(path, "SubjectAccessReview", { ...what, user, groups, uid }, options?.signal);
      return { allowed: status.allowed === true };
    },
  };
}
