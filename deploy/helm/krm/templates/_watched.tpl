{{/*
What is watched, as a JSON list: id (a part of names), argument (for krm), group, resource, namespaced. Resources of
Kubernetes' own groups have short ids; a custom resource's has its group, so that no other can take it.
*/}}
{{- define "krm.watched" -}}
{{- $watched := list -}}
{{- range concat .Values.watch.resources .Values.watch.extraResources -}}
{{- $group := .group | default "" -}}
{{- $builtIn := or (not (contains "." $group)) (hasSuffix ".k8s.io" $group) -}}
{{- $id := ternary .resource (printf "%s-%s" .resource (replace "." "-" $group)) $builtIn -}}
{{- if gt (len $id) 40 -}}{{- $id = printf "%s-%s" ($id | trunc 31 | trimSuffix "-") (sha256sum $id | trunc 8) -}}{{- end -}}
{{- $argument := .resource -}}
{{- if .version -}}
{{- $argument = ternary (printf "%s/%s" .version .resource) (printf "%s/%s/%s" $group .version .resource) (eq $group "") -}}
{{- else if $group -}}
{{- $argument = printf "%s.%s" .resource $group -}}
{{- end -}}
{{- $namespaced := ternary .namespaced true (hasKey . "namespaced") -}}
{{- $watched = append $watched (dict "id" $id "argument" $argument "group" $group "resource" .resource "namespaced" $namespaced) -}}
{{- end -}}
{{- $watched | toJson -}}
{{- end -}}

{{/* One rule for each group: (list of what is watched) */}}
{{- define "krm.readRules" -}}
{{- $byGroup := dict -}}
{{- range . -}}
{{- $_ := set $byGroup .group (append (get $byGroup .group | default list) .resource) -}}
{{- end -}}
{{- range $index, $group := keys $byGroup | sortAlpha }}
{{- if $index }}
{{ end -}}
- apiGroups: [{{ $group | quote }}]
  resources: [{{ get $byGroup $group | uniq | join ", " }}]
  verbs: [get, list, watch]
{{- end }}
{{- end -}}

{{/* Of what is watched, that which a Role in a namespace can give, and that which only a ClusterRole can. */}}
{{- define "krm.inNamespaces" -}}
{{- $found := list -}}
{{- range include "krm.watched" . | fromJsonArray -}}
{{- if and .namespaced $.Values.watch.namespaces -}}{{- $found = append $found . -}}{{- end -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}
{{- define "krm.inCluster" -}}
{{- $found := list -}}
{{- range include "krm.watched" . | fromJsonArray -}}
{{- if not (and .namespaced $.Values.watch.namespaces) -}}{{- $found = append $found . -}}{{- end -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}
