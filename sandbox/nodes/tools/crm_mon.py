"""crm_mon of Pacemaker 2.0.5, 2.1.5 and 3.0.0, as XML with inactive resources."""

from __future__ import annotations

import time
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.cib import Resource
from sandbox.nodes.pacemaker import Fencing
from sandbox.nodes.placement import barred
from sandbox.nodes.release import Release
from sandbox.nodes.scene import Scene
from sandbox.nodes.tools.words import local_time, yes
from sandbox.nodes.xml_text import written

NOT_CONNECTED = 102
_ERRORS = {
    11: (
        "Could not connect to the CIB: Transport endpoint is not connected",
        "crm_mon: Error: cluster is not available on this node",
    ),
    12: (
        "error: Could not connect to launcher: Connection refused",
        "crm_mon: Connection to cluster failed: Connection refused",
    ),
    13: ("crm_mon: Connection to cluster failed: Connection refused",),
}


async def crm_mon(call: Call) -> Answer:
    """Print the cluster as its Pacemaker sees it."""
    await call.takes(0.02)
    release = call.machine.release
    root = Element("pacemaker-result", {"api-version": release.api, "request": " ".join(("crm_mon", *call.args))})
    cluster = call.pacemaker
    if cluster is None:
        status = SubElement(root, "status", {"code": str(NOT_CONNECTED), "message": "Not connected"})
        errors = SubElement(status, "errors")
        for words in _ERRORS[release.debian]:
            SubElement(errors, "error").text = words
        return _printed(root, NOT_CONNECTED)
    _tell(root, cluster.pacemaker, release, call.now)
    _fencings(root, cluster.pacemaker.fencings, release)
    SubElement(root, "status", {"code": "0", "message": "OK"})
    return _printed(root, 0)


def told(scene: Scene, release: Release, now: float) -> str:
    """Return what it prints of a file, which has no daemon behind it."""
    root = Element("pacemaker-result", {"api-version": release.api, "request": "crm_mon"})
    _tell(root, scene, release, now)
    SubElement(root, "status", {"code": "0", "message": "OK"})
    return written(root)


def _fencings(root: Element, fencings: list[Fencing], release: Release) -> None:
    if not fencings:
        return
    section = SubElement(root, "fence_history", {"status": "0"})
    for one in reversed(fencings):
        fraction = f".{int(one.at % 1 * 1e6):06}" if release.pacemaker_3 else ""
        done = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(one.at))}{fraction}Z"
        who = {"client": one.client, "origin": one.origin, "status": "success", "delegate": one.delegate}
        SubElement(section, "fence_event", {"action": one.action, "target": one.target, **who, "completed": done})


def _printed(root: Element, status: int) -> Answer:
    return Answer(written(root), status)


def _tell(root: Element, pacemaker: Scene, release: Release, now: float) -> None:
    if not release.pacemaker_2_0 and not release.pacemaker_3:
        updated = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(now))
        SubElement(root, "pacemakerd", {"sys_from": "pacemakerd", "state": "running", "last_updated": updated})
    resources = list(pacemaker.cib.resources())
    _summary(SubElement(root, "summary"), pacemaker, resources, release, now)
    nodes = SubElement(root, "nodes")
    for name, node_id in pacemaker.cib.nodes().items():
        _node(nodes, pacemaker, name, node_id, release)
    if resources:
        _resources(SubElement(root, "resources"), pacemaker, resources, release)
    held = {name: values for name, values in pacemaker.transient.items() if values and name in pacemaker.online}
    if held:
        attributes = SubElement(root, "node_attributes")
        for name, values in held.items():
            node = SubElement(attributes, "node", {"name": name})
            for key, value in values.items():
                SubElement(node, "attribute", {"name": key, "value": value})
    _history(SubElement(root, "node_history"), pacemaker, resources, release)
    _failures(root, pacemaker, release)
    bans = barred(pacemaker.cib, pacemaker.cib.nodes(), pacemaker.attributes())
    if bans:
        section = SubElement(root, "bans")
        for rule, resource, name in bans:
            more = {"weight": "-1000000", **_since_2_1(release, {"promoted-only": "false"}), "master_only": "false"}
            SubElement(section, "ban", {"id": rule, "resource": resource, "node": name, **more})


def _since_2_1(release: Release, attributes: dict[str, str]) -> dict[str, str]:
    return {} if release.pacemaker_2_0 else attributes


def _failures(root: Element, pacemaker: Scene, release: Release) -> None:
    if not pacemaker.work.failures:
        return
    section = SubElement(root, "failures")
    for number, ((_, node), failure) in enumerate(pacemaker.work.failures.items(), 1):
        SubElement(
            section,
            "failure",
            {
                "op_key": failure.operation,
                "node": node,
                "exitstatus": release.result(failure.result.words),
                "exitreason": failure.result.reason,
                "exitcode": str(failure.result.code),
                "call": str(2 * number + 1),
                "status": release.result("complete"),
                "last-rc-change": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(failure.at)),
                "queued": "0",
                "exec": "0",
                "interval": str(failure.interval_ms),
                "task": failure.task,
            },
        )


def _summary(summary: Element, pacemaker: Scene, resources: list[Resource], release: Release, now: float) -> None:
    properties = pacemaker.cib.properties()
    daemon = {"pacemakerd-state": "running"} if release.pacemaker_3 else {}
    SubElement(summary, "stack", {"type": properties.get("cluster-infrastructure", "unknown"), **daemon})
    if pacemaker.dc is None:
        SubElement(summary, "current_dc", {"present": "false"})
    else:
        SubElement(
            summary,
            "current_dc",
            {
                "present": "true",
                "version": release.pacemaker,
                "name": pacemaker.dc,
                "id": pacemaker.cib.nodes().get(pacemaker.dc, ""),
                "with_quorum": yes(pacemaker.quorate),
                **_since_2_1(release, {"mixed_version": "false"}),
            },
        )
    user, client, origin = pacemaker.changed_by
    asked = {"origin": origin} if release.pacemaker_3 else {}
    SubElement(summary, "last_update", {"time": local_time(now), **asked})
    changed = {"time": local_time(pacemaker.changed_at), "user": user, "client": client, "origin": origin}
    SubElement(summary, "last_change", changed)
    nodes = len(pacemaker.cib.nodes())
    SubElement(summary, "nodes_configured", {"number": str(nodes)})
    instances = sum(nodes if resource.clone else 1 for resource in resources)
    SubElement(summary, "resources_configured", {"number": str(instances), "disabled": "0", "blocked": "0"})
    SubElement(
        summary,
        "cluster_options",
        {
            "stonith-enabled": properties.get("stonith-enabled", "true"),
            "symmetric-cluster": "true",
            "no-quorum-policy": "stop",
            "maintenance-mode": properties.get("maintenance-mode", "false"),
            "stop-all-resources": "false",
            **_since_2_1(release, {"stonith-timeout-ms": "60000", "priority-fencing-delay-ms": "0"}),
        },
    )


def _node(nodes: Element, pacemaker: Scene, name: str, node_id: str, release: Release) -> None:
    online = name in pacemaker.online
    SubElement(
        nodes,
        "node",
        {
            "name": name,
            "id": node_id,
            "online": yes(online),
            "standby": yes(pacemaker.cib.node_attributes(name).get("standby") == "on"),
            "standby_onfail": "false",
            "maintenance": yes(_rests(pacemaker, name)),
            "pending": yes(pacemaker.dc is not None and name in pacemaker.controllers and not online),
            # without a DC nobody knows anything of anyone
            "unclean": yes(name in pacemaker.unclean or pacemaker.dc is None),
            **_since_2_1(release, {"health": "green", **({"feature_set": release.feature_set} if online else {})}),
            "shutdown": "false",
            "expected_up": yes(name in pacemaker.expected),
            "is_dc": yes(name == pacemaker.dc),
            "resources_running": str(sum(name in where for where in pacemaker.work.active.values())),
            "type": "member",
        },
    )


def _resources(section: Element, pacemaker: Scene, resources: list[Resource], release: Release) -> None:
    clones: dict[str, Element] = {}
    nodes = list(pacemaker.cib.nodes())
    for resource in resources:
        where = [name for name in nodes if name in pacemaker.work.active.get(resource.id, frozenset())]
        if resource.clone is None:
            _resource(section, pacemaker, resource, where[:1], release)
            continue
        clone = clones.setdefault(
            resource.clone, SubElement(section, "clone", _clone(resource.clone, pacemaker, release))
        )
        for name in where:
            _resource(clone, pacemaker, resource, [name], release)
        for _ in range(len(nodes) - len(where)):
            _resource(clone, pacemaker, resource, [], release)


def _rests(pacemaker: Scene, name: str) -> bool:
    return pacemaker.cib.node_attributes(name).get("maintenance") == "on"


def _clone(clone_id: str, pacemaker: Scene, release: Release) -> dict[str, str]:
    flags = dict.fromkeys(("multi_state", "unique"), "false")
    more = dict.fromkeys(("disabled", "failed", "failure_ignored"), "false")
    rests = {"maintenance": yes(pacemaker.maintained)} if release.pacemaker_3 else {}
    return {"id": clone_id, **flags, **rests, "managed": yes(not pacemaker.maintained), **more}


def _resource(parent: Element, pacemaker: Scene, resource: Resource, where: list[str], release: Release) -> None:
    rests = pacemaker.maintained or any(_rests(pacemaker, name) for name in where)
    agent = resource.agent.replace(":", "::", 1) if release.pacemaker_2_0 and resource.provider else resource.agent
    element = SubElement(
        parent,
        "resource",
        {
            "id": resource.id,
            "resource_agent": agent,
            "role": "Started" if where else "Stopped",
            "active": yes(where),
            "orphaned": "false",
            "blocked": "false",
            **({"maintenance": yes(rests)} if release.pacemaker_3 else {}),
            "managed": yes(not rests),
            "failed": "false",
            "failure_ignored": "false",
            "nodes_running_on": str(len(where)),
        },
    )
    for name in where:
        node_id = pacemaker.cib.nodes().get(name, "")
        SubElement(element, "node", {"name": name, "id": node_id, "cached": yes(name in pacemaker.online)})


def _history(section: Element, pacemaker: Scene, resources: list[Resource], release: Release) -> None:
    for name in pacemaker.cib.nodes():
        held = [
            resource
            for resource in resources
            if name in pacemaker.work.active.get(resource.id, frozenset())
            or (resource.id, name) in pacemaker.work.failures
        ]
        if not held or name not in pacemaker.online:
            continue
        node = SubElement(section, "node", {"name": name})
        for call, resource in enumerate(held, 1):
            threshold = {"orphan": "false", "migration-threshold": "1000000"}
            failure = pacemaker.work.failures.get((resource.id, name))
            if failure is not None:
                threshold |= {"fail-count": str(failure.count), "last-failure": local_time(failure.at)}
            history = SubElement(node, "resource_history", {"id": resource.id, **threshold})
            for operation in _operations(pacemaker.work.since.get((resource.id, name), 0), call, release):
                SubElement(history, "operation_history", operation)


def _operations(since: float, call: int, release: Release) -> Iterator[dict[str, str]]:
    ran = {"rc": "0", "rc_text": release.result("ok")}
    took = {"last-rc-change": local_time(since), "exec-time": "94ms", "queue-time": "0ms"}
    yield {"call": str(2 * call), "task": "start", **ran, **took}
    yield {"call": str(2 * call + 1), "task": "monitor", **ran, "interval": "5000ms", **took}
