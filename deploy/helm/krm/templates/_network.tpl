{{/* A policy for the pods of one component: (dict "root" $ "component" …) */}}
{{- define "krm.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "krm.metadata" (dict "root" .root "component" .component "name" .component) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "krm.selector" . | nindent 6 }}
{{- end -}}

{{- define "krm.peer" -}}
- podSelector:
    matchLabels:
      {{- include "krm.selector" . | nindent 6 }}
{{- end -}}

{{- define "krm.toDns" -}}
# Names.
- to:
    {{- toYaml .Values.networkPolicy.dns.to | nindent 4 }}
  ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- end -}}

{{/* (dict "flow" .Values.networkPolicy.apiServer) */}}
{{- define "krm.toAddresses" -}}
- to:
    {{- range .flow.cidrs }}
    - ipBlock: { cidr: {{ . | quote }} }
    {{- end }}
  ports:
    {{- range .flow.ports }}
    - { protocol: TCP, port: {{ int . }} }
    {{- end }}
{{- end -}}

{{- define "krm.toApiServer" -}}
# The API server.
{{ include "krm.toAddresses" (dict "flow" .Values.networkPolicy.apiServer) }}
{{- end -}}

{{- define "krm.toStore" -}}
# The store.
{{- if include "krm.bundledRedis" . }}
- to:
    {{- include "krm.peer" (dict "root" . "component" "redis") | nindent 4 }}
  ports:
    - { protocol: TCP, port: 6379 }
{{- else }}
{{ include "krm.toAddresses" (dict "flow" .Values.networkPolicy.store) }}
{{- end }}
{{- end -}}

{{- define "krm.toInflux" -}}
{{- if .Values.influxdb.enabled }}
# InfluxDB.
- to:
    {{- include "krm.peer" (dict "root" . "component" "influxdb") | nindent 4 }}
  ports:
    - { protocol: TCP, port: 8086 }
{{- else if .Values.collector.influx.url }}
# InfluxDB.
{{ include "krm.toAddresses" (dict "flow" .Values.networkPolicy.influx) }}
{{- end }}
{{- end -}}

{{/* Metrics are scraped: (dict "root" $ "ports" (list 8080)) */}}
{{- define "krm.fromScrape" -}}
{{- with .root.Values.networkPolicy.scrape.from }}
# Metrics.
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    {{- range $.ports }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
{{- end }}
{{- end -}}

{{- define "krm.fromReaders" -}}
{{- $from := .Values.networkPolicy.readers.from }}
{{- if or $from (include "krm.tested" .) .Values.monitoring.serviceMonitor.enabled }}
# Readers.
- from:
    {{- with $from }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if include "krm.tested" . }}
    {{- include "krm.peer" (dict "root" . "component" "test") | nindent 4 }}
    {{- end }}
    {{- if or .Values.monitoring.serviceMonitor.enabled (eq .Values.server.auth.type "none") }}
    {{- with .Values.networkPolicy.scrape.from }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- end }}
  ports:
    - { protocol: TCP, port: 8003 }
{{- end }}
{{- end -}}
