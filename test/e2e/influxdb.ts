import { type Deployment, PASSWORDS } from "./deployment.ts";

interface Answer {
  readonly results: readonly {
    readonly series?: readonly {
      readonly tags: { readonly resource: string };
      readonly values: readonly (readonly unknown[])[];
    }[];
  }[];
}

/** How many delays InfluxDB holds by resource, as the user asks who may only read. */
export async function delaysInInfluxDb(krm: Deployment): Promise<ReadonlyMap<string, number>> {
  const query = new URLSearchParams({ db: "krm", q: 'SELECT count("delay") FROM "streamed_data" GROUP BY "resource"' });
  const credentials = Buffer.from(`chronograf:${PASSWORDS.reader}`).toString("base64");
  const url = `http://${await krm.cluster.addressOf("krm-influxdb")}:8086/query?${query.toString()}`;
  const response = await fetch(url, { headers: { authorization: `Basic ${credentials}` } });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const { results } = (await response.json()) as Answer;
  return new Map(
    (results[0]?.series ?? []).map(({ tags, values }) => [tags.resource, Number(values[0]?.[1] ?? 0)] as const),
  );
}
