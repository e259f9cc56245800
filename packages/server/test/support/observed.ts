import type { AnsweredRequest, RequestObserver, ScopeWatches } from "@krm/server";

/** An observer that writes down what it hears. */
export class Observed implements RequestObserver {
  /** Requests that are not over. */
  open = 0;
  /** What the server tells of its watches. */
  read: () => readonly ScopeWatches[] = () => [];
  readonly #answered: AnsweredRequest[] = [];
  #told = Promise.withResolvers<void>();

  began(): void {
    this.open++;
  }

  answered(request: AnsweredRequest): void {
    this.open--;
    this.#answered.push(request);
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }

  watches(read: () => readonly ScopeWatches[]): void {
    this.read = read;
  }

  /** The next request that is over. */
  async next(): Promise<AnsweredRequest> {
    for (;;) {
      const request = this.#answered.shift();
      if (request !== undefined) return request;
      await this.#told.promise;
    }
  }
}
