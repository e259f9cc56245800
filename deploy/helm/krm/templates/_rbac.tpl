{{/* The right to read what is watched, and nothing else: (dict "root" $ "account" "monitor") */}}
{{- define "krm.readRights" -}}
{{- $root := .root -}}
{{- $subject := printf "%s-%s" (include "krm.fullname" $root) .account -}}
{{- $metadata := dict "root" $root "component" .account "name" .account -}}
{{- with include "krm.inCluster" $root | fromJsonArray }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  {{- include "krm.clusterMetadata" $metadata | nindent 2 }}
rules:
  {{- include "krm.readRules" . | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  {{- include "krm.clusterMetadata" $metadata | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ include "krm.clusterName" $metadata }}
subjects:
  - kind: ServiceAccount
    name: {{ $subject }}
    namespace: {{ $root.Release.Namespace }}
{{- end }}
{{- with include "krm.inNamespaces" $root | fromJsonArray }}
{{- $inNamespaces := . }}
{{- range $namespace := $root.Values.watch.namespaces | uniq }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ include "krm.clusterName" $metadata }}
  namespace: {{ $namespace }}
  labels:
    {{- include "krm.labels" $metadata | nindent 4 }}
rules:
  {{- include "krm.readRules" $inNamespaces | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ include "krm.clusterName" $metadata }}
  namespace: {{ $namespace }}
  labels:
    {{- include "krm.labels" $metadata | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ include "krm.clusterName" $metadata }}
subjects:
  - kind: ServiceAccount
    name: {{ $subject }}
    namespace: {{ $root.Release.Namespace }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whose tokens are, and what users may: asking that, and reading nothing: (dict "root" $ "account" "server") */}}
{{- define "krm.reviewRights" -}}
{{- if include "krm.reviewsTokens" .root }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  {{- include "krm.clusterMetadata" (dict "root" .root "component" .account "name" "reviews") | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: system:auth-delegator
subjects:
  - kind: ServiceAccount
    name: {{ include "krm.fullname" .root }}-{{ .account }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}
{{- end -}}

{{/* The canary reads the Leases of its namespace, and writes one: (dict "root" $ "account" "canary") */}}
{{- define "krm.canaryRights" -}}
{{- $metadata := dict "root" .root "component" .account "name" "canary" -}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  {{- include "krm.metadata" $metadata | nindent 2 }}
rules:
  - apiGroups: [coordination.k8s.io]
    resources: [leases]
    verbs: [get, list, watch]
  # The one Lease that it writes. It comes with the chart, so that no right to create Leases is needed.
  - apiGroups: [coordination.k8s.io]
    resources: [leases]
    resourceNames: [{{ include "krm.fullname" .root }}-canary]
    verbs: [patch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  {{- include "krm.metadata" $metadata | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ include "krm.fullname" .root }}-canary
subjects:
  - kind: ServiceAccount
    name: {{ include "krm.fullname" .root }}-{{ .account }}
    namespace: {{ .root.Release.Namespace }}
---
# What is in it, the canary writes.
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata:
  {{- include "krm.metadata" $metadata | nindent 2 }}
{{- end -}}
