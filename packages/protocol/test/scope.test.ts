import { formatScope, type ListScope, parseScope } from "@krm/protocol";
import { describe, expect, it } from "vitest";

describe("scope headers", () => {
  it.each<ListScope>([{ type: "all" }, { type: "accessible", namespaces: 0 }, { type: "accessible", namespaces: 12 }])(
    "are read back as written: %j",
    (scope) => {
      expect(parseScope(new Headers(formatScope(scope)))).toEqual(scope);
    },
  );

  it.each<Record<string, string>>([
    {},
    { "KRM-Scope": "more" },
    { "KRM-Scope": "accessible" },
    { "KRM-Scope": "accessible", "KRM-Scope-Namespaces": "-1" },
  ])("say nothing where they make no sense: %j", (headers) => {
    expect(parseScope(new Headers(headers))).toBeUndefined();
  });
});
