{{- define "krm.authArg" -}}
{{- $auth := .Values.server.auth -}}
{{- if eq $auth.type "tokenreview" -}}
- {{ printf "--auth=tokenreview%s" (ternary (printf ":%s" (join "," $auth.audiences)) "" (gt (len $auth.audiences) 0)) | quote }}
{{- else if eq $auth.type "static" -}}
- --auth=static:/etc/krm/auth/tokens
{{- else -}}
- --auth=none
{{- end -}}
{{- end -}}

{{/* What serves readers is told, be it a server or the one pod of all-in-one. */}}
{{- define "krm.serveArgs" -}}
{{- $server := .Values.server -}}
- --listen={{ .Values.pod.listenHost }}:8003
{{ include "krm.authArg" . }}
{{- if $server.tls.existingSecret }}
- --tls-cert=/etc/krm/tls/tls.crt
- --tls-key=/etc/krm/tls/tls.key
{{- end }}
{{- if $server.tls.clientCA.existingSecret }}
- --tls-client-ca=/etc/krm/client-ca/ca.crt
{{- end }}
{{- if $server.forwardUncached }}
- --forward-uncached
{{- end }}
{{- if not (kindIs "invalid" $server.maxWatchesPerUser) }}
- --max-watches-per-user={{ int $server.maxWatchesPerUser }}
{{- end }}
{{- with $server.maxListSize }}
- --max-list-size={{ . }}
{{- end }}
{{- if $server.audit.enabled }}
- --audit-log=-
{{- end }}
{{- end -}}

{{- define "krm.serveMounts" -}}
{{- $server := .Values.server -}}
{{- if eq $server.auth.type "static" }}
- { name: tokens, mountPath: /etc/krm/auth, readOnly: true }
{{- end }}
{{- if $server.tls.existingSecret }}
- { name: tls, mountPath: /etc/krm/tls, readOnly: true }
{{- end }}
{{- if $server.tls.clientCA.existingSecret }}
- { name: client-ca, mountPath: /etc/krm/client-ca, readOnly: true }
{{- end }}
{{- end -}}

{{- define "krm.serveVolumes" -}}
{{- $server := .Values.server -}}
{{- if eq $server.auth.type "static" }}
- name: tokens
  secret:
    secretName: {{ $server.auth.static.existingSecret }}
    defaultMode: 288 # 0440
    items: [{ key: {{ $server.auth.static.key }}, path: tokens }]
{{- end }}
{{- with $server.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 288 # 0440
{{- end }}
{{- with $server.tls.clientCA }}
{{- if .existingSecret }}
- name: client-ca
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 288 # 0440
    items: [{ key: {{ .key }}, path: ca.crt }]
{{- end }}
{{- end }}
{{- end -}}

{{- define "krm.reviewsTokens" -}}{{- if eq .Values.server.auth.type "tokenreview" -}}true{{- end -}}{{- end -}}
