"""Drives a cluster through the Python client: what it sends and expects differs from kubectl's."""

import json
import sys
import threading

from kubernetes import client, config, dynamic, watch

config.load_kube_config(sys.argv[1])
core, apps, batch = client.CoreV1Api(), client.AppsV1Api(), client.BatchV1Api()
SPACE, NAME = "default", "from-python"


def meta(**more):
    return client.V1ObjectMeta(name=NAME, **more)


def config_maps():
    core.create_namespaced_config_map(
        SPACE, client.V1ConfigMap(metadata=meta(labels={"by": "python"}), data={"a": "1"})
    )
    got = core.read_namespaced_config_map(NAME, SPACE)
    assert got.data == {"a": "1"}, got
    got.data["a"] = "2"
    assert core.replace_namespaced_config_map(NAME, SPACE, got).data["a"] == "2"
    patched = core.patch_namespaced_config_map(NAME, SPACE, {"data": {"b": "3"}})
    assert patched.data == {"a": "2", "b": "3"}, patched


def follow():
    since = core.list_namespaced_config_map(SPACE).metadata.resource_version
    seen = []

    def events():
        stream = watch.Watch().stream(
            core.list_namespaced_config_map,
            SPACE,
            label_selector="by=python",
            resource_version=since,
            timeout_seconds=30,
        )
        for event in stream:
            seen.append(event["type"])
            if event["type"] == "DELETED":
                return

    watcher = threading.Thread(target=events)
    watcher.start()
    core.patch_namespaced_config_map(
        NAME, SPACE, [{"op": "replace", "path": "/data/b", "value": "4"}]
    )
    core.delete_namespaced_config_map(NAME, SPACE)
    watcher.join(60)
    assert seen == ["MODIFIED", "DELETED"], seen


def deployments():
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels={"x": "y"}),
        spec=client.V1PodSpec(containers=[client.V1Container(name="c", image="nginx")]),
    )
    spec = client.V1DeploymentSpec(
        replicas=2, selector=client.V1LabelSelector(match_labels={"x": "y"}), template=template
    )
    apps.create_namespaced_deployment(SPACE, client.V1Deployment(metadata=meta(), spec=spec))
    assert apps.read_namespaced_deployment_scale(NAME, SPACE).spec.replicas == 2
    apps.patch_namespaced_deployment_scale(NAME, SPACE, {"spec": {"replicas": 1}})
    assert apps.read_namespaced_deployment(NAME, SPACE).spec.replicas == 1
    apps.delete_namespaced_deployment(NAME, SPACE, propagation_policy="Background")


def refusals():
    try:
        core.read_namespaced_config_map("nobody", SPACE)
    except client.ApiException as error:
        assert error.status == 404 and json.loads(error.body)["reason"] == "NotFound", error
    else:
        raise AssertionError("a missing object was found")


def applies():
    kinds = dynamic.DynamicClient(client.ApiClient()).resources
    kind = kinds.get(api_version="v1", kind="ConfigMap")
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "applied"},
        "data": {"k": "v"},
    }
    kind.server_side_apply(body, name="applied", namespace=SPACE, field_manager="python")
    assert kind.get(name="applied", namespace=SPACE).data.k == "v"


for act in (config_maps, follow, deployments, refusals, applies):
    act()
print("all of it works")
