/** How a program that draws dashboards writes what it fills into a query. */
export interface Influxql {
  /** A measurement, in the database that was chosen. */
  readonly from: (measurement: string) => string;
  /** Within the time that is shown. */
  readonly time: string;
  /** The same, of the resources that were chosen. */
  readonly where: string;
  /** A span of time for each point of the picture, for GROUP BY. */
  readonly every: string;
}

/** A query, for whoever asks it. */
export type InfluxQuery = (in_: Influxql) => string;

const CHRONOGRAF_TIME = "time > :dashboardTime: AND time < :upperDashboardTime:";

/** As Chronograf fills it in. */
export const IN_CHRONOGRAF: Influxql = {
  from: (measurement) => `:db:.."${measurement}"`,
  time: CHRONOGRAF_TIME,
  where: `${CHRONOGRAF_TIME} AND "resource" =~ /^(:resource:)$/`,
  every: "time(:interval:)",
};

/** As Grafana's data source for InfluxDB does; it knows the database. */
export const IN_GRAFANA: Influxql = {
  from: (measurement) => `"${measurement}"`,
  time: "$timeFilter",
  where: '$timeFilter AND "resource" =~ /^$resource$/',
  every: "time($__interval)",
};
