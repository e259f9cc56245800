import type { JSX } from "preact";

/** The resources by name alone, for whom the status is not for. */
export function ResourceLinks({
  resources,
  selected,
  select,
}: {
  readonly resources: readonly string[];
  readonly selected: string | undefined;
  readonly select: (resource: string) => void;
}): JSX.Element {
  return (
    <nav class="links" aria-label="Watched resources">
      {resources.map((resource) => (
        <button key={resource} type="button" aria-pressed={resource === selected} onClick={() => select(resource)}>
          {resource}
        </button>
      ))}
    </nav>
  );
}
