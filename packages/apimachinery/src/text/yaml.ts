import { Scalar, type ScalarTag, stringify, type Tags } from "yaml";
import { stringifyString } from "yaml/util";
import { ExactNumber } from "./exact-number.ts";
import { sortMembers } from "./go-json.ts";

type Write = NonNullable<ScalarTag["stringify"]>;

const NUMBER = "tag:yaml.org,2002:float";

/** What stands in no document but escaped, or ends a line in YAML 1.1 as a line feed does. */
const UNPRINTABLE = /[^\P{Cc}\n]|[\u2028\u2029\ufeff\ufffe\uffff]/u;
const ESCAPED = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/gu;
/** What a block does not give back: lines that are indented at its start, and spaces at the end of any. */
const NO_BLOCK = /^\s|[ \t](?:\n|$)/u;
/** Texts that readers of YAML 1.1 take for something else, and the writer below does not know of. */
const MEANT_OTHERWISE = /^(?:<<|=|[-+]?0[box][0-9a-f_]+)$/iu;

/** YAML as sigs.k8s.io/yaml writes it: members sorted, lists not indented, YAML 1.1's rules of quoting. */
export function goYaml(value: unknown): string {
  return stringify(sortMembers(value), {
    version: "1.1",
    schema: "yaml-1.1",
    merge: false,
    customTags,
    lineWidth: 0,
    indentSeq: false,
    aliasDuplicateObjects: false,
  });
}

function customTags(tags: Tags): Tags {
  const known = tags.flatMap((tag) => {
    if (typeof tag === "string" || tag.tag === "tag:yaml.org,2002:merge") return [];
    if (tag.tag === "tag:yaml.org,2002:str") return [{ ...tag, stringify: writeText } as ScalarTag];
    // Go's writer knows that a lone dot, as managedFields have it, is no number.
    if (tag.tag === NUMBER && "test" in tag && tag.test?.test("."))
      return [{ ...tag, test: /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9_]+)$/u }];
    return [tag];
  });
  return [EXACT_NUMBER, ...known];
}

const EXACT_NUMBER: ScalarTag = {
  identify: (value) => value instanceof ExactNumber,
  default: true,
  tag: NUMBER,
  resolve: (text) => new ExactNumber(text),
  stringify: ({ value }) => (value as ExactNumber).text,
};

const writeText: Write = (item, context, ...more) => {
  const text = String(item.value).toWellFormed();
  const isPlain = text.includes("\n")
    ? context.implicitKey !== true && !NO_BLOCK.test(text)
    : !MEANT_OTHERWISE.test(text);
  if (!isPlain || UNPRINTABLE.test(text)) return quoted(text);
  const own = text === item.value ? item : new Scalar(text);
  return stringifyString(own, { ...context, actualString: true }, ...more);
};

/** On one line: YAML's own escapes are those of JSON, and more. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(ESCAPED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
