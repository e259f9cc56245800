{{/* What the schema cannot say. Each refusal names the value and the mend. */}}
{{- define "krm.checks" -}}
{{- $values := .Values -}}
{{- $ids := dict -}}
{{- range include "krm.watched" . | fromJsonArray -}}
{{- if hasKey $ids .id -}}
{{- fail (printf "watch.resources and watch.extraResources name %s twice: a resource has one monitor; leave one out" .argument) -}}
{{- end -}}
{{- $_ := set $ids .id true -}}
{{- if and (eq .resource "secrets") (eq .group "") (not $values.watch.allowSecrets) -}}
{{- fail "watch.resources names secrets: the right to list them is the right to read them; leave them out, or set watch.allowSecrets=true" -}}
{{- end -}}
{{- end -}}
{{- range $id := keys $values.monitor.overrides | sortAlpha -}}
{{- if not (hasKey $ids $id) -}}
{{- fail (printf "monitor.overrides.%s is of no resource that is watched: there are %s" $id (keys $ids | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $values.shape "ha") (not $values.store.external.existingSecret) -}}
{{- fail "shape=ha needs a Redis of your own (Sentinel or Cluster): set store.external.existingSecret to a Secret whose key url has its URL" -}}
{{- end -}}
{{- if eq $values.shape "all-in-one" -}}
{{- if $values.store.external.existingSecret -}}
{{- fail "store.external.existingSecret: shape=all-in-one keeps its state in memory; leave it out, or set shape=standard" -}}
{{- end -}}
{{- if $values.server.autoscaling.enabled -}}
{{- fail "server.autoscaling.enabled: shape=all-in-one is one pod; leave it out, or set shape=standard" -}}
{{- end -}}
{{- end -}}
{{- if and (eq $values.server.auth.type "static") (not $values.server.auth.static.existingSecret) -}}
{{- fail "server.auth.type=static needs tokens: set server.auth.static.existingSecret to a Secret with a file of them" -}}
{{- end -}}
{{- if $values.server.tls.clientCA.existingSecret -}}
{{- if not $values.server.tls.existingSecret -}}
{{- fail "server.tls.clientCA: clients bring certificates over TLS only; set server.tls.existingSecret too" -}}
{{- end -}}
{{- if eq $values.server.auth.type "none" -}}
{{- fail "server.tls.clientCA keeps nobody out where everybody may read; set server.auth.type=tokenreview or static" -}}
{{- end -}}
{{- end -}}
{{- if and $values.server.forwardUncached (or (ne $values.server.auth.type "tokenreview") $values.server.auth.audiences) -}}
{{- fail "server.forwardUncached sends on the reader's own token, which must be one for the API server: set server.auth.type=tokenreview and server.auth.audiences=[]" -}}
{{- end -}}
{{- with $values.collector.influx -}}
{{- if and .url $values.influxdb.enabled -}}
{{- fail "collector.influx.url and influxdb.enabled: points are written to one InfluxDB; leave one of them out" -}}
{{- end -}}
{{- if and .bucket (not .org) -}}
{{- fail "collector.influx.bucket needs collector.influx.org, the organisation whose bucket it is" -}}
{{- end -}}
{{- if and .url (or .user .bucket) (not .existingSecret) -}}
{{- fail "collector.influx.existingSecret: name the Secret with the password (collector.influx.user) or the token (collector.influx.bucket)" -}}
{{- end -}}
{{- end -}}
{{- if and $values.influxdb.enabled (ne $values.shape "all-in-one") (not $values.collector.enabled) -}}
{{- fail "influxdb.enabled: nobody would write to it; set collector.enabled=true" -}}
{{- end -}}
{{- if and $values.chronograf.enabled (not $values.influxdb.enabled) -}}
{{- fail "chronograf.enabled: it shows what is in the InfluxDB of influxdb.enabled; set that too" -}}
{{- end -}}
{{- if and $values.monitoring.serviceMonitor.enabled (ne $values.server.auth.type "none") (not $values.monitoring.serviceMonitor.tokenSecret.name) -}}
{{- fail "monitoring.serviceMonitor.tokenSecret.name: the servers ask for a token; name a Secret with one that may get /metrics" -}}
{{- end -}}
{{- end -}}
