"""Reads flat lists as the first KRM's client does: a GET, whose body Kubernetes' client library makes into a list."""

import json
import sys
import urllib.parse
import urllib.request

from kubernetes import client


class Body:
    def __init__(self, text):
        self.data = text


def read(url, path, type_name, **query):
    wanted = {name: value for name, value in query.items() if value is not None}
    with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(wanted)}") as response:
        items = client.ApiClient().deserialize(Body(response.read().decode()), type_name).items
    return [[type(item).__name__, item.metadata.name, item.metadata.creation_timestamp.isoformat()] for item in items]


def main(url, name, namespace, node, label):
    return {
        "pods": read(url, "/pods", "V1PodList", name=None),
        "one": read(url, "/pods", "V1PodList", name=name, namespace=namespace, node=node, label_selector=label),
        "nodes": read(url, "/nodes", "V1NodeList"),
        "services": read(url, "/services", "V1ServiceList"),
        "pvcs": read(url, "/pvcs", "V1PersistentVolumeClaimList"),
        "ingress": read(url, "/ingress", "V1IngressList"),
        "deployments": read(url, "/deployments", "V1DeploymentList"),
    }


print(json.dumps(main(*sys.argv[1:])))
