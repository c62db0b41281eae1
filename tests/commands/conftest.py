"""Whole clusters as the real tools told of them: snapshots put together from what was recorded in one situation."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from commands.command import Command, Completed
from commands.errors import Unreachable
from commands.facts import cib, corosync_cmap, corosync_link, corosync_quorum, crm_mon, haproxy_stat, host
from commands.facts.cib import Cib
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.fact import Fact, Known, Unknown
from commands.snapshot import NodeSnapshot, Snapshot
from config.inventory import ClusterSpec, NodeSpec, VipSpec

CAPTURES = Path(__file__).parents[1] / "captures"
SituationOf = Callable[..., Snapshot]

TOOLS: dict[str, tuple[str, Fact[Any]]] = {
    "addresses": ("ip-address", host.ADDRESSES),
    "cib": ("cibadmin", cib.FACT),
    "cmap": ("corosync-cmapctl", corosync_cmap.FACT),
    "links": ("corosync-cfgtool-links", corosync_link.FACT),
    "quorum": ("corosync-quorumtool", corosync_quorum.FACT),
    "status": ("crm_mon", crm_mon.FACT),
}
"""The recorded tool behind each field."""


def _said(folder: Path, tool: str, node: str, command: Command) -> Completed:
    told = json.loads((folder / f"{tool}.{node}.json").read_text())
    return Completed(node, command, told["exit"], told["stdout"], told["stderr"])


def _haproxy(folder: Path, node: str) -> Known[Any]:
    """Dress what the runtime socket said as the fact's own script hands it over."""
    command = haproxy_stat.FACT.command
    info, stat = (_said(folder, f"haproxy-show-{what}", node, command) for what in ("info", "stat"))
    answer = "".join(f"answer {line}\n" for line in f"{info.stdout}\n{stat.stdout}".split("\n"))
    text = f"{answer}end\n" if info.status == 0 else "not-running nobody listens\nend\n"
    return Known(haproxy_stat.parse(Completed(node, command, 0, text, "")))


@cache
def _declared(folder: Path) -> ClusterSpec:
    """Return the cluster that was recorded, as one would declare it."""
    cmap = corosync_cmap.parse(_said(folder, "corosync-cmapctl", "n1", corosync_cmap.FACT.command))
    configured = cib.parse(_said(folder, "cibadmin", "n1", cib.FACT.command))
    assert isinstance(cmap, CorosyncMap)
    assert isinstance(configured, Cib)
    return ClusterSpec(
        name=cmap.cluster_name,
        nodes=tuple(NodeSpec.model_validate({"name": n.name, "addresses": n.addresses}) for n in cmap.nodelist),
        vips=tuple(
            VipSpec.parse(f"{one.attributes['ip']}/{one.attributes['cidr_netmask']}")
            for one in configured.primitives
            if "ip" in one.attributes
        ),
    )


def _node(folder: Path, node: NodeSpec) -> NodeSnapshot:
    if not (folder / f"ip-address.{node.name}.json").exists():
        away = Unknown("", Unreachable("connection timed out", node=node.name, remedy="Check its power and network."))
        away = Unknown(str(away.error), away.error)
        return NodeSnapshot(node, **dict.fromkeys((*TOOLS, "haproxy"), away))
    readings: dict[str, Any] = {
        field: Known(fact.parse(_said(folder, tool, node.name, fact.command))) for field, (tool, fact) in TOOLS.items()
    }
    return NodeSnapshot(node, haproxy=_haproxy(folder, node.name), **readings)


@pytest.fixture(scope="session")
def situation() -> SituationOf:
    """Return the snapshot of a recorded situation: `situation("n2-lost")`, `situation("split", debian=11)`."""

    @cache
    def recorded(name: str, debian: int = 12) -> Snapshot:
        folder = CAPTURES / f"debian{debian}"
        three = name in {"three-nodes", "n3-without-quorum"}
        cluster = _declared(folder / ("three-nodes" if three else "healthy"))
        return Snapshot(cluster, tuple(_node(folder / name, node) for node in cluster.nodes))

    return recorded
