import { portOf } from "./cluster/probe.ts";
import type { Pod } from "./cluster/pod.ts";

/** Which of its roles a monitor pod holds, by the containers' names, as their /readyz tells. Who cannot be asked holds none. */
export async function heldRoles(pod: Pod): Promise<readonly string[]> {
  const held = await Promise.all(
    pod.containers.map(async ({ spec }) => {
      try {
        const url = `http://${pod.address}:${portOf(spec, spec.name)}/readyz?verbose`;
        const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
        return / holding\b/.test(await response.text()) ? [spec.name] : [];
      } catch {
        return [];
      }
    }),
  );
  return held.flat();
}
