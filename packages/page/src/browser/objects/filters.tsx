import type { JSX, TargetedInputEvent } from "preact";
import type { Filter } from "./filter.ts";

/** The fields by which objects are narrowed. */
export function Filters({
  filter,
  change,
  namespaces,
  nodes,
  wrong,
}: {
  readonly filter: Filter;
  readonly change: (filter: Filter) => void;
  /** Those that there are; undefined: the resource has none. */
  readonly namespaces: readonly string[] | undefined;
  readonly nodes: readonly string[] | undefined;
  /** What is wrong with the label selector. */
  readonly wrong: string | undefined;
}): JSX.Element {
  const set = (part: keyof Filter) => (event: TargetedInputEvent<HTMLInputElement>) =>
    change({ ...filter, [part]: event.currentTarget.value });
  return (
    <form class="filters" role="search" aria-label="Filter objects" onSubmit={(event) => event.preventDefault()}>
      <Field id="filter-name" label="Name" value={filter.name} set={set("name")} placeholder="part of it" />
      {namespaces !== undefined && (
        <Field
          id="filter-namespace"
          label="Namespace"
          value={filter.namespace}
          set={set("namespace")}
          placeholder="all"
          choices={namespaces}
        />
      )}
      <Field
        id="filter-labels"
        label="Labels"
        value={filter.labels}
        set={set("labels")}
        placeholder="app=web, tier in (a,b)"
        wrong={wrong}
      />
      {nodes !== undefined && (
        <Field
          id="filter-node"
          label="Node"
          value={filter.node}
          set={set("node")}
          placeholder="part of its name"
          choices={nodes}
        />
      )}
    </form>
  );
}

function Field({
  id,
  label,
  value,
  set,
  placeholder,
  choices,
  wrong,
}: {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly set: (event: TargetedInputEvent<HTMLInputElement>) => void;
  readonly placeholder: string;
  readonly choices?: readonly string[];
  readonly wrong?: string | undefined;
}): JSX.Element {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="search"
        autocomplete="off"
        spellcheck={false}
        value={value}
        placeholder={placeholder}
        list={choices === undefined ? undefined : `${id}-choices`}
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong === undefined ? undefined : `${id}-wrong`}
        onInput={set}
      />
      {choices !== undefined && (
        <datalist id={`${id}-choices`}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
      {wrong !== undefined && (
        <p id={`${id}-wrong`} class="wrong" role="alert">
          {wrong}
        </p>
      )}
    </div>
  );
}
