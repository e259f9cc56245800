{{- define "krm.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What tells the release's own objects from others: (dict "root" $ "component" "server") */}}
{{- define "krm.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .watched }}
krm/resource: {{ . }}
{{- end }}
{{- end -}}

{{- define "krm.labels" -}}
{{ include "krm.selector" . }}
app.kubernetes.io/part-of: krm
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Name, namespace and labels: (dict "root" $ "component" "server" "name" "server"); without a name: the release's own. */}}
{{- define "krm.metadata" -}}
name: {{ include "krm.fullname" .root }}{{ with .name }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "krm.labels" . | nindent 2 }}
{{- end -}}

{{/* The same for what has no namespace: its name tells releases of any namespaces apart. */}}
{{- define "krm.clusterMetadata" -}}
name: {{ include "krm.clusterName" . }}
labels:
  {{- include "krm.labels" . | nindent 2 }}
{{- end -}}

{{- define "krm.clusterName" -}}
{{ .root.Release.Namespace }}:{{ include "krm.fullname" .root }}:{{ .name }}
{{- end -}}

{{/* (dict "root" $ "image" .Values.redis.image) */}}
{{- define "krm.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "krm.separate" -}}{{- if ne .Values.shape "all-in-one" -}}true{{- end -}}{{- end -}}
{{- define "krm.ha" -}}{{- if eq .Values.shape "ha" -}}true{{- end -}}{{- end -}}
{{- define "krm.bundledRedis" -}}
{{- if and (eq .Values.shape "standard") (not .Values.store.external.existingSecret) -}}true{{- end -}}
{{- end -}}
{{- define "krm.monitorReplicas" -}}
{{- .Values.monitor.replicas | default (ternary 2 1 (eq .Values.shape "ha")) -}}
{{- end -}}
{{- define "krm.serverScales" -}}
{{- $enabled := .Values.server.autoscaling.enabled -}}
{{- if ternary (eq .Values.shape "ha") $enabled (kindIs "invalid" $enabled) -}}true{{- end -}}
{{- end -}}
{{- define "krm.serverReplicas" -}}
{{- if include "krm.serverScales" . -}}{{ .Values.server.autoscaling.minReplicas }}{{- else -}}{{ .Values.server.replicas | default 2 }}{{- end -}}
{{- end -}}

{{/* The component that readers are served by. */}}
{{- define "krm.serving" -}}{{ ternary "all-in-one" "server" (eq .Values.shape "all-in-one") }}{{- end -}}
{{- define "krm.scheme" -}}{{ ternary "https" "http" (ne .Values.server.tls.existingSecret "") }}{{- end -}}
{{- define "krm.url" -}}
{{ include "krm.scheme" . }}://{{ include "krm.fullname" . }}.{{ .Release.Namespace }}.svc:{{ .Values.server.service.port }}
{{- end -}}
