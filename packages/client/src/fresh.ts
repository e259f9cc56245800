import type { Freshness, ListScope } from "@krm/protocol";

/** How far an answer can be trusted, as its headers say. */
export interface AnswerFreshness extends Freshness {
  /** Whether all is in it that was asked for; undefined: it was not asked for with a `scope`, and nothing is left out. */
  readonly scope: ListScope | undefined;
}

/** How far a list can be trusted. */
export interface ListFreshness extends AnswerFreshness {
  /** The version of the list. */
  readonly resourceVersion: string;
}

/** A list with how far it can be trusted beside it. */
export type Fresh<List> = List & { readonly freshness: ListFreshness };

/** One object with how far it can be trusted beside it. */
export interface FreshObject<T> {
  readonly object: T;
  readonly freshness: ListFreshness;
}

/** An answer as its bytes, with how far it can be trusted beside it. */
export interface FreshBytes {
  /** JSON in UTF-8, as the server sent it; compression of the transport is undone. The caller's own to change. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly freshness: AnswerFreshness;
}
