import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a chart is rendered with. */
export interface TemplateOptions {
  /** The program. */
  readonly helm: string;
  /** The chart's folder. */
  readonly chart: string;
  readonly namespace?: string;
  readonly release?: string;
  /** Files of values; later ones win. */
  readonly valueFiles?: readonly string[];
  /** As `--set` takes them; they win over files. */
  readonly set?: readonly string[];
}

/**
 * What `helm template` writes: the manifests, in the order in which Helm would install them. No cluster is asked.
 *
 * @throws Error with Helm's own words, such as what a schema refuses.
 */
export async function helmTemplate(options: TemplateOptions): Promise<string> {
  const { helm, chart, namespace = "krm", release = "krm", valueFiles = [], set = [] } = options;
  const args = ["template", release, chart, "--namespace", namespace];
  args.push(...valueFiles.flatMap((file) => ["--values", file]), ...set.flatMap((pair) => ["--set", pair]));
  const { stdout } = await run(helm, args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
