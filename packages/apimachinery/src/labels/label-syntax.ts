const NAME = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const NAME_SOURCE = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const NAME_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const NAME_HINT = `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME_SOURCE}')`;

const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_PROBLEM =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const VALUE_PROBLEM = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME_SOURCE})?')`;

const MAX_NAME_BYTES = 63;
const MAX_PREFIX_BYTES = 253;

const encoder = new TextEncoder();

/** As UTF-8. Browsers parse selectors with this too, and have no Buffer. */
function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

function tooLong(bytes: number): string {
  return `must be no more than ${bytes} bytes`;
}

/** What is wrong with a label key, in the API server's words; empty where nothing is. */
export function labelKeyProblems(key: string): readonly string[] {
  const problems: string[] = [];
  const slash = key.indexOf("/");
  if (slash >= 0 && key.includes("/", slash + 1))
    return [
      `a valid label key ${NAME_RULE} ${NAME_HINT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const name = key.slice(slash + 1);
  if (slash === 0) problems.push("prefix part must be non-empty");
  if (slash > 0) {
    const prefix = key.slice(0, slash);
    if (bytesOf(prefix) > MAX_PREFIX_BYTES) problems.push(`prefix part ${tooLong(MAX_PREFIX_BYTES)}`);
    if (!SUBDOMAIN.test(prefix)) problems.push(`prefix part ${SUBDOMAIN_PROBLEM}`);
  }
  if (name === "") problems.push("name part must be non-empty");
  else if (bytesOf(name) > MAX_NAME_BYTES) problems.push(`name part ${tooLong(MAX_NAME_BYTES)}`);
  if (!NAME.test(name)) problems.push(`name part ${NAME_RULE} ${NAME_HINT}`);
  return problems;
}

/** What is wrong with a label value, in the API server's words; empty where nothing is. */
export function labelValueProblems(value: string): readonly string[] {
  const problems: string[] = [];
  if (bytesOf(value) > MAX_NAME_BYTES) problems.push(tooLong(MAX_NAME_BYTES));
  if (value !== "" && !NAME.test(value)) problems.push(VALUE_PROBLEM);
  return problems;
}
