{{/* What every pod has: (dict "root" $ "account" "monitor" "grace" 30 "id" 65532) */}}
{{- define "krm.pod" -}}
{{- $pod := .root.Values.pod -}}
serviceAccountName: {{ include "krm.fullname" .root }}-{{ .account }}
# Only containers that ask the API server get a token: see their volumes.
automountServiceAccountToken: false
# Else Services would turn up as KRM_… variables, which krm reads as flags.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .grace | default 30 }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .id | default 65532 }}
  runAsGroup: {{ .id | default 65532 }}
  fsGroup: {{ .id | default 65532 }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Labels of a pod, besides those that select it: (dict "root" $ "component" …) */}}
{{- define "krm.podLabels" -}}
{{ include "krm.labels" . }}
{{- with .root.Values.pod.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where there are two or more pods: (dict "root" $ "component" … "replicas" 2) */}}
{{- define "krm.spread" -}}
{{- if and .root.Values.topologySpread.enabled (gt (int .replicas) 1) }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: {{ $.root.Values.topologySpread.whenUnsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "krm.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* What every container has. */}}
{{- define "krm.confined" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{- define "krm.container" -}}
image: {{ include "krm.image" (dict "root" . "image" .Values.image) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{ include "krm.confined" . }}
{{- end -}}

{{/* Probes of a process with --health-listen: the name of its port. */}}
{{- define "krm.healthProbes" -}}
startupProbe:
  httpGet: { path: /livez, port: {{ . }} }
  periodSeconds: 2
  failureThreshold: 30
livenessProbe:
  httpGet: { path: /livez, port: {{ . }} }
  timeoutSeconds: 5
readinessProbe:
  httpGet: { path: /readyz, port: {{ . }} }
  timeoutSeconds: 5
{{- end -}}

{{/* Probes of what serves readers; its first answer may be a while away, which /readyz says. */}}
{{- define "krm.serverProbes" -}}
{{- $scheme := include "krm.scheme" . | upper -}}
startupProbe:
  httpGet: { path: /livez, port: readers, scheme: {{ $scheme }} }
  periodSeconds: 2
  failureThreshold: 30
livenessProbe:
  httpGet: { path: /livez, port: readers, scheme: {{ $scheme }} }
  timeoutSeconds: 5
readinessProbe:
  httpGet: { path: /readyz, port: readers, scheme: {{ $scheme }} }
  periodSeconds: 5
  timeoutSeconds: 5
{{- end -}}

{{- define "krm.logLevel" -}}
{{- if ne .Values.pod.logLevel "info" }}
- --log-level={{ .Values.pod.logLevel }}
{{- end }}
{{- end -}}
{{- define "krm.namespaceArgs" -}}
{{- range .Values.watch.namespaces }}
- --namespace={{ . }}
{{- end }}
{{- end -}}
{{- define "krm.verifyArgs" -}}
{{- with .Values.watch.verifyEvery }}
- --verify-every={{ . }}
{{- end }}
{{- with .Values.watch.verifyBudget }}
- --verify-budget={{ int . }}
{{- end }}
{{- end -}}
{{- define "krm.leaseArgs" -}}
{{- with .Values.watch.lease }}
- --lease={{ . }}
{{- end }}
{{- end -}}

{{/* The token of the pod's service account, as --in-cluster reads it, for the containers that mount it. */}}
{{- define "krm.tokenVolume" -}}
- name: api-server
  projected:
    defaultMode: 288 # 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3607
      - configMap:
          name: kube-root-ca.crt
          items: [{ key: ca.crt, path: ca.crt }]
      - downwardAPI:
          items: [{ path: namespace, fieldRef: { fieldPath: metadata.namespace } }]
{{- end -}}
{{- define "krm.tokenMount" -}}
- { name: api-server, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true }
{{- end -}}
{{- define "krm.emptyTmp" -}}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- end -}}

{{- define "krm.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "krm.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}

{{/* Annotations of pods: (dict "root" $ "scrape" true "checksum" TEXT) */}}
{{- define "krm.podAnnotations" -}}
{{- $scrape := and .scrape .root.Values.monitoring.scrapeAnnotations -}}
{{- if or $scrape .checksum .root.Values.pod.annotations -}}
annotations:
  {{- if $scrape }}
  # Every port is scraped. honor_labels: true keeps KRM's own label `namespace`.
  prometheus.io/scrape: "true"
  prometheus.io/path: /metrics
  {{- end }}
  {{- with .port }}
  {{- if $scrape }}
  prometheus.io/port: {{ . | quote }}
  {{- end }}
  {{- end }}
  {{- with .checksum }}
  checksum/config: {{ sha256sum . }}
  {{- end }}
  {{- with .root.Values.pod.annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
{{- end -}}
