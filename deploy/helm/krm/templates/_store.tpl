{{/* How krm reaches the store. The URL of the Redis that comes along holds nothing secret. */}}
{{- define "krm.storeArgs" -}}
{{- if include "krm.bundledRedis" . }}
- --store={{ ternary "rediss" "redis" (ne .Values.redis.tls.existingSecret "") }}://{{ include "krm.fullname" . }}-redis:6379?user=krm&passwordFile=/etc/krm/redis/password{{ if .Values.redis.tls.existingSecret }}&ca=/etc/krm/redis-ca/ca.crt{{ end }}
{{- end }}
{{- end -}}

{{/* A URL of your own may hold a password: a variable, not an argument. */}}
{{- define "krm.storeEnv" -}}
{{- with .Values.store.external.existingSecret }}
env:
  - name: KRM_STORE
    valueFrom:
      secretKeyRef: { name: {{ . }}, key: url }
{{- end }}
{{- end -}}

{{- define "krm.storeMounts" -}}
{{- if include "krm.bundledRedis" . -}}
- { name: redis-password, mountPath: /etc/krm/redis, readOnly: true }
{{- if .Values.redis.tls.existingSecret }}
- { name: redis-ca, mountPath: /etc/krm/redis-ca, readOnly: true }
{{- end }}
{{- else -}}
- { name: store, mountPath: /etc/krm/store, readOnly: true }
{{- end }}
{{- end -}}

{{- define "krm.storeVolumes" -}}
{{- if include "krm.bundledRedis" . -}}
- name: redis-password
  secret:
    secretName: {{ include "krm.redisSecret" . }}
    defaultMode: 288 # 0440
    items: [{ key: password, path: password }]
{{- with .Values.redis.tls.existingSecret }}
- name: redis-ca
  secret:
    secretName: {{ . }}
    defaultMode: 288 # 0440
    items: [{ key: ca.crt, path: ca.crt }]
{{- end }}
{{- else -}}
- name: store
  secret:
    secretName: {{ .Values.store.external.existingSecret }}
    defaultMode: 288 # 0440
{{- end }}
{{- end -}}

{{- define "krm.redisSecret" -}}
{{ .Values.redis.auth.existingSecret | default (printf "%s-redis" (include "krm.fullname" .)) }}
{{- end -}}
{{- define "krm.influxSecret" -}}
{{ .Values.influxdb.auth.existingSecret | default (printf "%s-influxdb" (include "krm.fullname" .)) }}
{{- end -}}

{{/* A key of a Secret that was made before, else a new password: (dict "root" $ "secret" NAME "key" KEY) */}}
{{- define "krm.keptPassword" -}}
{{- $secret := lookup "v1" "Secret" .root.Release.Namespace .secret -}}
{{- $kept := "" -}}
{{- if $secret -}}{{- $kept = get ($secret.data | default dict) .key -}}{{- end -}}
{{- $kept | default (randAlphaNum 40 | b64enc) -}}
{{- end -}}

{{/* Redis' configuration and scripts, as data of a ConfigMap. */}}
{{- define "krm.redisFiles" -}}
redis.conf: |
  {{- if .Values.redis.tls.existingSecret }}
  port 0
  tls-port 6379
  tls-cert-file /run/secrets/redis-tls/tls.crt
  tls-key-file /run/secrets/redis-tls/tls.key
  tls-ca-cert-file /run/secrets/redis-tls/ca.crt
  tls-auth-clients no
  {{- else }}
  port 6379
  {{- end }}
  # Who may do what, start.sh says. Every address: the NetworkPolicy says who may come.
  protected-mode no
  bind * -::*
  dir /data
  {{- if .Values.redis.persistence.enabled }}
  appendonly yes
  appendfsync everysec
  {{- end }}
  save ""
  maxmemory {{ .Values.redis.maxmemory }}
  # Redis must never throw away a part of a view.
  maxmemory-policy noeviction
start.sh: |
  {{- .Files.Get "files/redis/start.sh" | nindent 2 }}
ping.sh: |
  {{- .Files.Get "files/redis/ping.sh" | nindent 2 }}
{{- end -}}

{{/* A volume for a StatefulSet's pod. Its labels must never change, so they hold no version. */}}
{{- define "krm.claim" -}}
- metadata:
    name: {{ .name }}
    labels:
      {{- include "krm.selector" .names | nindent 6 }}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .persistence.storageClass }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests:
        storage: {{ .persistence.size }}
{{- end -}}
