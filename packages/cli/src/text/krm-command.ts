/** How this `krm` is called: from its source it is a script of the repository, otherwise a program. */
export function krmCommand(): string {
  return import.meta.url.endsWith(".ts") ? "npm run -s krm --" : "krm";
}
