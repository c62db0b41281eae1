"""The status section of the CIB: the nodes' states, what they carry for now, and what they run."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from sandbox.nodes.cib import Resource
from sandbox.nodes.release import Release

if TYPE_CHECKING:
    from sandbox.nodes.pacemaker import Pacemaker


def node(node_id: int, name: str) -> Element:
    """Return the entry that a node gets when it first joins."""
    return Element("node", {"id": str(node_id), "uname": name})


def status(pacemaker: Pacemaker, members: list[str]) -> Element:
    """Return the section as Pacemaker has it now."""
    section = Element("status")
    for name, node_id in pacemaker.cib.nodes().items():
        here = name in members
        up = name in pacemaker.online
        release = pacemaker.machine(name).release
        state = SubElement(
            section,
            "node_state",
            {
                "id": node_id,
                "uname": name,
                **_presence(release, here=here, up=up, since=pacemaker.changed_at),
                "crm-debug-origin": "do_update_resource",
                "join": "member" if up or name in pacemaker.expected else "down",
                "expected": "member" if name in pacemaker.expected else "down",
            },
        )
        if up or pacemaker.transient.get(name):
            _attributes(state, node_id, pacemaker.transient.get(name, {}), release)
        held = SubElement(SubElement(state, "lrm", {"id": node_id}), "lrm_resources")
        for resource in pacemaker.cib.resources():
            if name in pacemaker.work.active.get(resource.id, frozenset()):
                _running(held, resource, name, release, int(pacemaker.work.since.get((resource.id, name), 0)))
    return section


def _presence(release: Release, *, here: bool, up: bool, since: float) -> dict[str, str]:
    """Say whether a node is a member and its daemon there: since 3.0 by the moment from which on, 0 for not."""
    if release.pacemaker_3:
        return {"in_ccm": str(int(since) * here), "crmd": str(int(since) * up)}
    return {"in_ccm": str(here).lower(), "crmd": "online" if up else "offline"}


def _attributes(state: Element, node_id: str, values: dict[str, str], release: Release) -> None:
    holder = SubElement(state, "transient_attributes", {"id": node_id})
    pairs = SubElement(holder, "instance_attributes", {"id": f"status-{node_id}"})
    own = {} if release.pacemaker_2_0 else {"#feature-set": release.feature_set}
    for name, value in {**own, **values}.items():
        clean = name.replace("#", ".")
        SubElement(pairs, "nvpair", {"id": f"status-{node_id}-{clean}", "name": name, "value": value})


def _running(held: Element, resource: Resource, name: str, release: Release, since: int) -> None:
    provider = {"provider": resource.provider} if resource.provider else {}
    lrm = SubElement(
        held, "lrm_resource", {"id": resource.id, "type": resource.type, "class": resource.cls, **provider}
    )
    SubElement(
        lrm,
        "lrm_rsc_op",
        {
            "id": f"{resource.id}_last_0",
            "operation_key": f"{resource.id}_start_0",
            "operation": "start",
            "crm_feature_set": release.feature_set,
            "on_node": name,
            "rc-code": "0",
            "op-status": "0",
            "interval": "0",
            "last-rc-change": str(since),
        },
    )
