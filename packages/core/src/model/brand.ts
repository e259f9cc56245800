declare const brand: unique symbol;

/** A `T` that only the module which checks it can make: a type-level mark, nothing at run time. */
export type Brand<T, B extends string> = T & { readonly [brand]: B };
