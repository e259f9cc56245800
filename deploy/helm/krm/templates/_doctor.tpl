{{/*
Waits until what a container needs is there: (dict "root" $ "for" "monitor" "watched" (list ARGUMENT…) "cluster" true
"serves" true "writes" true "store" true)
*/}}
{{- define "krm.doctor" -}}
{{- if .root.Values.doctor.enabled }}
initContainers:
  - name: doctor
    {{- include "krm.container" .root | nindent 4 }}
    args:
      - doctor
      {{- range .watched }}
      - {{ . }}
      {{- end }}
      - --for={{ .for }}
      - --wait={{ .root.Values.doctor.wait }}
      {{- if .cluster }}
      - --in-cluster
      {{- end }}
      {{- if .watched }}
      {{- include "krm.namespaceArgs" .root | nindent 6 }}
      {{- end }}
      {{- if .store }}
      {{- include "krm.storeArgs" .root | nindent 6 }}
      {{- end }}
      {{- if and .serves (include "krm.reviewsTokens" .root) }}
      {{- include "krm.authArg" .root | nindent 6 }}
      {{- end }}
      {{- if .writes }}
      {{- include "krm.influxArgs" .root | nindent 6 }}
      {{- end }}
      {{- include "krm.logLevel" .root | nindent 6 }}
    {{- if .store }}
    {{- include "krm.storeEnv" .root | nindent 4 }}
    {{- end }}
    resources:
      {{- toYaml .root.Values.doctor.resources | nindent 6 }}
    volumeMounts:
      {{- if .cluster }}
      {{- include "krm.tokenMount" .root | nindent 6 }}
      {{- end }}
      {{- if .store }}
      {{- include "krm.storeMounts" .root | nindent 6 }}
      {{- end }}
      {{- if .writes }}
      {{- include "krm.influxMounts" .root | nindent 6 }}
      {{- end }}
{{- end }}
{{- end -}}
