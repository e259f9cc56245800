#!/bin/sh
# What the entrypoint of InfluxDB 1's image does at the first start, as far as KRM's chart asks for it: users and a database.
set -eu
[ "${1:-influxd}" = influxd ] || exec "$@"
data="${INFLUXDB_DATA_DIR:-/var/lib/influxdb/data}"
if [ ! -d "$data" ] && [ -n "${INFLUXDB_ADMIN_USER:-}${INFLUXDB_DB:-}" ]; then
  INFLUXDB_HTTP_BIND_ADDRESS=127.0.0.1:8086 INFLUXDB_HTTP_AUTH_ENABLED=false influxd &
  starting=$!
  ask() { influx -host 127.0.0.1 -port 8086 "$@"; }
  tries=0
  until ask -execute 'SHOW DATABASES' >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || exit 1
    sleep 0.5
  done
  [ -z "${INFLUXDB_ADMIN_USER:-}" ] ||
    ask -execute "CREATE USER \"$INFLUXDB_ADMIN_USER\" WITH PASSWORD '$INFLUXDB_ADMIN_PASSWORD' WITH ALL PRIVILEGES"
  [ -z "${INFLUXDB_DB:-}" ] || ask -execute "CREATE DATABASE \"$INFLUXDB_DB\" ${INFLUXDB_DB_RETENTION_POLICY:-}"
  user() {
    [ -z "$1" ] || ask -execute "CREATE USER \"$1\" WITH PASSWORD '$2'"
    [ -z "$1" ] || ask -execute "GRANT $3 ON \"$INFLUXDB_DB\" TO \"$1\""
  }
  user "${INFLUXDB_USER:-}" "${INFLUXDB_USER_PASSWORD:-}" ALL
  user "${INFLUXDB_WRITE_USER:-}" "${INFLUXDB_WRITE_USER_PASSWORD:-}" WRITE
  user "${INFLUXDB_READ_USER:-}" "${INFLUXDB_READ_USER_PASSWORD:-}" READ
  kill -TERM $starting
  wait $starting || true
fi
exec "$@"
