import type { ListWatch } from "../ports/list-watch.ts";

/** What a request to the API server asks for. */
export type RequestVerb = "list" | "list-metadata" | "watch" | "get" | "discovery";

/** The same source, which tells of each request before it is made. */
export function countedListWatch(of: ListWatch, onRequest: (verb: RequestVerb) => void): ListWatch {
  const listMetadata = of.listMetadata?.bind(of);
  const served = of.served?.bind(of);
  const clockOffset = of.clockOffset?.bind(of);
  return {
    scope: of.scope,
    list: async (request, options) => {
      onRequest("list");
      return of.list(request, options);
    },
    watch: async (request, options) => {
      onRequest("watch");
      return of.watch(request, options);
    },
    get: async (key, options) => {
      onRequest("get");
      return of.get(key, options);
    },
    ...(listMetadata && {
      listMetadata: async (request, options) => {
        onRequest("list-metadata");
        return listMetadata(request, options);
      },
    }),
    ...(served && {
      served: async (options) => {
        onRequest("discovery");
        return served(options);
      },
    }),
    ...(clockOffset && { clockOffset }),
  };
}
