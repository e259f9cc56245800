{{/* Whether there is a test: a file of tokens has none that it could use. */}}
{{- define "krm.tested" -}}{{- if and .Values.tests.enabled (ne .Values.server.auth.type "static") -}}true{{- end -}}{{- end -}}

{{/* What is made for `helm test` alone, and removed when it went well. */}}
{{- define "krm.testHook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{- define "krm.testMetadata" -}}
{{ include "krm.metadata" (dict "root" . "component" "test" "name" "test") }}
annotations:
  {{- include "krm.testHook" "-1" | nindent 2 }}
{{- end -}}
