/** A JSON Schema as far as ours go. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
}

/** Where a value is not as its schema says; what the schema does not name counts too. */
export function misfits(value: unknown, schema: Schema, at = "$"): readonly string[] {
  if (schema.enum !== undefined) return schema.enum.includes(value) ? [] : [`${at}: ${JSON.stringify(value)}`];
  if (Array.isArray(value)) {
    if (schema.type !== "array") return [`${at}: an array`];
    return value.flatMap((item, index) => misfits(item, schema.items ?? {}, `${at}[${index}]`));
  }
  if (typeof value === "object" && value !== null) {
    if (schema.type !== "object") return [`${at}: an object`];
    const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
    const inside = Object.entries(value).flatMap(([name, each]) => {
      const known = schema.properties?.[name] ?? schema.additionalProperties;
      return known === undefined ? [`${at}.${name}: not named`] : misfits(each, known, `${at}.${name}`);
    });
    return [...missing.map((name) => `${at}.${name}: missing`), ...inside];
  }
  if (schema.type === "integer") return Number.isInteger(value) ? [] : [`${at}: ${JSON.stringify(value)}`];
  return typeof value === schema.type ? [] : [`${at}: ${JSON.stringify(value)}`];
}
