import { EventEmitter } from "eventemitter3";
import { throwUncaught } from "./throw-uncaught.ts";

type Name<Events extends object> = EventEmitter.EventNames<Events>;
type Listener<Events extends object, Of extends Name<Events>> = EventEmitter.EventListener<Events, Of>;

/** Its listeners know nothing of each other: what one throws is an uncaught exception, and the others hear all the same. */
export class ApartEmitter<Events extends object> extends EventEmitter<Events> {
  readonly #guards = new WeakMap<object, object>();

  override on<Of extends Name<Events>>(event: Of, fn: Listener<Events, Of>, context?: unknown): this {
    return super.on(event, this.#guarded(fn), context);
  }

  override addListener<Of extends Name<Events>>(event: Of, fn: Listener<Events, Of>, context?: unknown): this {
    return this.on(event, fn, context);
  }

  override once<Of extends Name<Events>>(event: Of, fn: Listener<Events, Of>, context?: unknown): this {
    return super.once(event, this.#guarded(fn), context);
  }

  override removeListener<Of extends Name<Events>>(
    event: Of,
    fn?: Listener<Events, Of>,
    context?: unknown,
    once?: boolean,
  ): this {
    return super.removeListener(event, fn && this.#guards.has(fn) ? this.#guarded(fn) : fn, context, once);
  }

  override off<Of extends Name<Events>>(event: Of, fn?: Listener<Events, Of>, context?: unknown, once?: boolean): this {
    return this.removeListener(event, fn, context, once);
  }

  /** The same for the same listener, so that it can be taken off again. */
  #guarded<Fn extends object>(fn: Fn): Fn {
    const there = this.#guards.get(fn) as Fn | undefined;
    if (there !== undefined) return there;
    const guard = new Proxy(fn, {
      apply: (target, context, told) => {
        try {
          if (typeof target === "function") Reflect.apply(target, context, told);
        } catch (error) {
          throwUncaught(error);
        }
      },
    });
    this.#guards.set(fn, guard);
    return guard;
  }
}
