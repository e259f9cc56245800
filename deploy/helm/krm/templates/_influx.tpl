{{/* What the collector is told of InfluxDB. */}}
{{- define "krm.influxArgs" -}}
{{- $influx := .Values.collector.influx -}}
{{- if .Values.influxdb.enabled }}
- --influx-url=http://{{ include "krm.fullname" . }}-influxdb:8086
- --influx-db=krm
- --influx-user=krm
- --influx-password-file=/etc/krm/influx/password
{{- else if and $influx.url $influx.bucket }}
- {{ printf "--influx-url=%s" $influx.url | quote }}
- {{ printf "--influx-org=%s" $influx.org | quote }}
- {{ printf "--influx-bucket=%s" $influx.bucket | quote }}
- --influx-token-file=/etc/krm/influx/token
{{- else if $influx.url }}
- {{ printf "--influx-url=%s" $influx.url | quote }}
- {{ printf "--influx-db=%s" $influx.db | quote }}
{{- with $influx.user }}
- {{ printf "--influx-user=%s" . | quote }}
- --influx-password-file=/etc/krm/influx/password
{{- end }}
{{- end }}
{{- if or .Values.influxdb.enabled $influx.url }}
{{- range $key := keys $influx.tags | sortAlpha }}
- {{ printf "--influx-tag=%s=%s" $key (get $influx.tags $key) | quote }}
{{- end }}
{{- with $influx.histograms }}
- --influx-histograms={{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "krm.influxMounts" -}}
{{- if or .Values.influxdb.enabled .Values.collector.influx.existingSecret -}}
- { name: influx, mountPath: /etc/krm/influx, readOnly: true }
{{- end -}}
{{- end -}}

{{- define "krm.influxVolumes" -}}
{{- if .Values.influxdb.enabled -}}
- name: influx
  secret:
    secretName: {{ include "krm.influxSecret" . }}
    defaultMode: 288 # 0440
    items: [{ key: writer-password, path: password }]
{{- else -}}
{{- with .Values.collector.influx -}}
{{- if .existingSecret -}}
- name: influx
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 288 # 0440
    items: [{ key: {{ ternary "token" "password" (ne .bucket "") }}, path: {{ ternary "token" "password" (ne .bucket "") }} }]
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
