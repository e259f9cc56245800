"""Reads a cluster with Kubernetes' own client for Python, and prints what it got as JSON.

    KUBECONFIG=… python3 read_with_python.py read NAMESPACE POD NODE LABEL
    KUBECONFIG=… python3 read_with_python.py watch VERSION COUNT
    KUBECONFIG=… python3 read_with_python.py expired VERSION
"""

import json
import sys

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException


def plain(api, value):
    return api.sanitize_for_serialization(value)


def refused(call):
    """What an error says of itself."""
    try:
        call()
    except ApiException as error:
        return {"status": error.status, "reason": error.reason, "body": json.loads(error.body)}
    return None


def pages(call, limit):
    """Names, page by page."""
    found, token = [], None
    while True:
        page = call(limit=limit, _continue=token)
        found.append(
            {
                "names": [item.metadata.name for item in page.items],
                "version": page.metadata.resource_version,
                "remaining": page.metadata.remaining_item_count,
            }
        )
        token = page.metadata._continue
        if not token:
            return found


def read(api, namespace, pod, node, label):
    core, apps, networking = client.CoreV1Api(api), client.AppsV1Api(api), client.NetworkingV1Api(api)
    lists = {
        "pods": core.list_pod_for_all_namespaces,
        "deployments": apps.list_deployment_for_all_namespaces,
        "persistentvolumeclaims": core.list_persistent_volume_claim_for_all_namespaces,
        "services": core.list_service_for_all_namespaces,
        "ingresses": networking.list_ingress_for_all_namespaces,
        "nodes": core.list_node,
    }
    deployments = dynamic.DynamicClient(api).resources.get(api_version="apps/v1", kind="Deployment")
    return {
        "lists": {name: plain(api, call()) for name, call in lists.items()},
        "namespace": plain(api, core.list_namespaced_pod(namespace)),
        "label": plain(api, core.list_pod_for_all_namespaces(label_selector=label)),
        "node": plain(api, core.list_pod_for_all_namespaces(field_selector=f"spec.nodeName={node}")),
        "pages": pages(core.list_pod_for_all_namespaces, 7),
        "pod": plain(api, core.read_namespaced_pod(pod, namespace)),
        "dynamic": deployments.get(namespace=namespace).to_dict(),
        "missing": refused(lambda: core.read_namespaced_pod("nobody", namespace)),
        "nonsense": refused(lambda: core.list_pod_for_all_namespaces(label_selector="a in")),
        "write": refused(lambda: core.delete_namespaced_pod("nobody", namespace)),
    }


def told(event):
    metadata = event["object"].metadata
    return [event["type"], metadata.name, metadata.resource_version, metadata.labels, str(metadata.creation_timestamp)]


def follow(api, version, count):
    """So many events after a version; the second half by a watch that goes on where the first one stopped."""
    pods = client.CoreV1Api(api).list_pod_for_all_namespaces
    events = []
    while len(events) < count:
        stream = watch.Watch()
        for event in stream.stream(pods, resource_version=version, timeout_seconds=20):
            events.append(told(event))
            version = event["object"].metadata.resource_version
            if len(events) in (count // 2, count):
                stream.stop()
    return events


def expired(api, version):
    """What a watch from a version that is too old comes to."""
    pods = client.CoreV1Api(api).list_pod_for_all_namespaces
    try:
        for _ in watch.Watch().stream(pods, resource_version=version, timeout_seconds=20):
            pass
    except ApiException as error:
        return {"status": error.status, "reason": error.reason}
    return None


def main():
    config.load_kube_config()
    with client.ApiClient() as api:
        command, *rest = sys.argv[1:]
        if command == "read":
            result = read(api, *rest)
        elif command == "watch":
            result = follow(api, rest[0], int(rest[1]))
        else:
            result = expired(api, *rest)
    json.dump(result, sys.stdout)


main()
