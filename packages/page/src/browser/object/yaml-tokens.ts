/** A part of a line of YAML, to be coloured. */
export interface YamlToken {
  readonly type: "key" | "text" | "value" | "mark";
  readonly text: string;
}

/** Parts of one line, which are the line when they are joined. Only for the eye: what spans lines is plain text. */
export function yamlTokens(line: string): readonly YamlToken[] {
  const match = /^(\s*(?:- )*)((?:"[^"]*"|[\w./~-]+):)(\s.*|)$/u.exec(line);
  if (match === null) {
    const [, mark = "", rest = ""] = /^(\s*(?:- )*)(.*)$/su.exec(line) ?? [];
    return tokens([mark, "mark"], [rest, mark.includes("-") ? kindOf(rest) : "text"]);
  }
  const [, mark = "", key = "", value = ""] = match;
  return tokens([mark, "mark"], [key, "key"], [value, kindOf(value.trim())]);
}

function kindOf(value: string): YamlToken["type"] {
  return /^(?:-?\d[\d.e+-]*|true|false|null|"?\d{4}-\d\d-\d\dT[\d:.]+Z"?)$/u.test(value) ? "value" : "text";
}

function tokens(...parts: readonly (readonly [text: string, type: YamlToken["type"]])[]): readonly YamlToken[] {
  return parts.filter(([text]) => text !== "").map(([text, type]) => ({ type, text }));
}
