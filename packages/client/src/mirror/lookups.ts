import { invalid, refuseUnknown } from "../options.ts";
import { type LabelRequirement, meets, parseLabelSelector } from "./label-selector.ts";
import type { MirrorChange } from "./mirror-set.ts";
import { fieldsOf } from "./object-fields.ts";
import { type Bucket, ObjectIndex } from "./object-index.ts";

/** Which objects of a mirror are asked for. Several narrow together; undefined and empty mean: not asked. */
export interface MirrorQuery {
  readonly namespace?: string | undefined;
  /** Pods only: those bound to this node (`spec.nodeName`). */
  readonly node?: string | undefined;
  /** Those that this object owns: its uid, as `metadata.ownerReferences` names it. */
  readonly owner?: string | undefined;
  /** Kubernetes' label selector, without `>` and `<`: `app=web,tier in (a,b),!canary`. */
  readonly labelSelector?: string | undefined;
}

const QUERY: ReadonlySet<string> = new Set<keyof MirrorQuery>(["namespace", "node", "owner", "labelSelector"]);
/** Each index costs at every change, and selectors may come from anybody. */
const MAX_LABEL_INDEXES = 8;

/** One condition of a query, and those objects among which all are that meet it, where an index knows them. */
interface Condition<T> {
  readonly among: Bucket<T> | undefined;
  meets(object: T): boolean;
}

const FIELDS = {
  namespace: (object: unknown): readonly string[] => listed(fieldsOf(object).metadata?.namespace),
  node: (object: unknown): readonly string[] => listed(fieldsOf(object).spec?.nodeName),
  owner: (object: unknown): readonly string[] =>
    (fieldsOf(object).metadata?.ownerReferences ?? []).flatMap(({ uid }) => listed(uid)),
} as const;

/** Finds objects by indexes that are made when they are first needed, and kept from then on. */
export class Lookups<T> {
  readonly #hasNodes: boolean;
  readonly #fields = new Map<keyof typeof FIELDS, ObjectIndex<T>>();
  /** The one that was asked for longest ago first. */
  readonly #labels = new Map<string, ObjectIndex<T>>();

  /** `hasNodes`: the objects are pods. */
  constructor(hasNodes: boolean) {
    this.#hasNodes = hasNodes;
  }

  take(change: MirrorChange<T>): void {
    for (const index of this.#fields.values()) index.take(change);
    for (const index of this.#labels.values()) index.take(change);
  }

  /** Those of the view that are asked for, in no order. @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` */
  find(view: Bucket<T>, query: MirrorQuery): T[] {
    refuseUnknown(query, QUERY, "list of a mirror");
    if (isAsked(query.node) && !this.#hasNodes)
      throw invalid("node is given, but only pods are bound to nodes", "leave it out");
    const conditions = [
      ...(["namespace", "node", "owner"] as const).flatMap((field) => this.#field(view, field, query[field])),
      ...parseLabelSelector(query.labelSelector ?? "").map((requirement) => this.#label(view, requirement)),
    ];
    let among = view;
    for (const { among: fewer } of conditions) if (fewer !== undefined && fewer.size < among.size) among = fewer;
    const found: T[] = [];
    for (const object of among.values()) if (conditions.every((one) => one.meets(object))) found.push(object);
    return found;
  }

  #field(view: Bucket<T>, field: keyof typeof FIELDS, value: string | undefined): readonly Condition<T>[] {
    if (!isAsked(value)) return [];
    let index = this.#fields.get(field);
    if (index === undefined) this.#fields.set(field, (index = new ObjectIndex<T>(FIELDS[field], view)));
    return [{ among: index.find(value), meets: (object) => FIELDS[field](object).includes(value) }];
  }

  #label(view: Bucket<T>, requirement: LabelRequirement): Condition<T> {
    const [value, ...more] = requirement.operator === "in" ? requirement.values : [];
    return {
      among: value === undefined || more.length > 0 ? undefined : this.#labelIndex(view, requirement.key).find(value),
      meets: (object) => meets(requirement, fieldsOf(object).metadata?.labels ?? {}),
    };
  }

  #labelIndex(view: Bucket<T>, label: string): ObjectIndex<T> {
    const index = this.#labels.get(label) ?? new ObjectIndex<T>((object) => labelOf(object, label), view);
    this.#labels.delete(label);
    this.#labels.set(label, index);
    const [oldest] = this.#labels.keys();
    if (this.#labels.size > MAX_LABEL_INDEXES && oldest !== undefined) this.#labels.delete(oldest);
    return index;
  }
}

function labelOf(object: unknown, label: string): readonly string[] {
  const labels = fieldsOf(object).metadata?.labels ?? {};
  return Object.hasOwn(labels, label) ? listed(labels[label]) : [];
}

function listed(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function isAsked(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
