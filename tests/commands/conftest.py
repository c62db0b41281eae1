"""Whole clusters as the real tools told of them: snapshots put together from what was recorded in one situation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from commands.command import Command, Completed, Stream
from commands.errors import Unreachable
from commands.facts import (
    cib,
    corosync_cmap,
    corosync_conf,
    corosync_link,
    corosync_quorum,
    crm_mon,
    disk_cib,
    haproxy_stat,
    host,
    units,
)
from commands.facts.cib import Cib
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.fact import Fact, Known, Unknown
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.members import PCS_STATUS_COROSYNC
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


def _haproxy(folder: Path, node: str) -> Completed:
    """Dress what the runtime socket said as the fact's own script hands it over."""
    command = haproxy_stat.FACT.command
    info, stat = (_said(folder, f"haproxy-show-{what}", node, command) for what in ("info", "stat"))
    answer = "".join(f"answer {line}\n" for line in f"{info.stdout}\n{stat.stdout}".split("\n"))
    text = f"{answer}end\n" if info.status == 0 else "not-running nobody listens\nend\n"
    return Completed(node, command, 0, text, "")


def _units(folder: Path, node: str) -> Completed:
    """Add the service that was not asked for yet when this was recorded, and was on none of the nodes.

    Where services were not recorded at all, they are as on the healthy n1: enabled alike.
    """
    if not (folder / f"systemctl-show.{node}.json").exists():
        folder, node = folder.parent / "healthy", "n1"
    told = _said(folder, "systemctl-show", node, units.FACT.command)
    absent = "Id=firewalld.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n"
    return replace(told, stdout=f"{told.stdout}\n{absent}")


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


def _unreachable(node: NodeSpec) -> Unreachable:
    return Unreachable("connection timed out", node=node.name, remedy="Check its power and network.")


def _answers(folder: Path, node: NodeSpec) -> bool:
    """Return whether the node was on when the situation was recorded."""
    return (folder / f"ip-address.{node.name}.json").exists()


def _node(folder: Path, node: NodeSpec) -> NodeSnapshot:
    if not _answers(folder, node):
        error = _unreachable(node)
        failed: dict[str, Any] = dict.fromkeys((*TOOLS, "haproxy", "units"), Unknown(str(error), error))
        return NodeSnapshot(node, **failed)
    readings: dict[str, Any] = {
        field: Known(fact.parse(_said(folder, tool, node.name, fact.command))) for field, (tool, fact) in TOOLS.items()
    }
    haproxy, services = _haproxy(folder, node.name), _units(folder, node.name)
    return NodeSnapshot(
        node, haproxy=Known(haproxy_stat.parse(haproxy)), units=Known(units.parse(services)), **readings
    )


class RecordedNodes:
    """A `Runner` over the nodes of a recorded situation. It ends no command before `together` of them were sent."""

    def __init__(self, folder: Path, together: int) -> None:
        self.sent: list[tuple[str, Command]] = []
        self.without_conf = False
        """Whether the nodes are in no cluster."""
        self._folder = folder
        self._together = together
        self._all_sent = asyncio.Event()
        self._tools = {fact.command.argv: tool for tool, fact in TOOLS.values()}
        self._tools[PCS_STATUS_COROSYNC.argv] = "pcs-status-corosync"

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        self.sent.append((node.name, command))
        if len(self.sent) >= self._together:
            self._all_sent.set()
        await self._all_sent.wait()
        if not _answers(self._folder, node):
            raise _unreachable(node)
        if command == haproxy_stat.FACT.command:
            return _haproxy(self._folder, node.name)
        if command == units.FACT.command:
            return _units(self._folder, node.name)
        if command == corosync_conf.FACT.command:
            return self._conf(node, command)
        if command == disk_cib.FACT.command:
            # the file holds what was running: of the recorded clusters that is how they were before they were stopped
            return _said(self._folder.parent / "healthy", "cibadmin", node.name, command)
        return _said(self._folder, self._tools[command.argv], node.name, command)

    def _conf(self, node: NodeSpec, command: Command) -> Completed:
        """Write the file that the recorded cluster was made with; nobody recorded it."""
        if self.without_conf:
            return Completed(node.name, command, 1, "", f"cat: {corosync_conf.PATH}: No such file or directory")
        return Completed(node.name, command, 0, "totem {\n cluster_name: web\n}\nnodelist {\n}\n", "")

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError(f"nothing was recorded of a stream: {node.name} {command.argv}")


@pytest.fixture
def recorded_nodes() -> Callable[..., RecordedNodes]:
    """Return a runner over the nodes of a recorded situation: `recorded_nodes("n2-lost", together=14)`."""
    return lambda name, together=1: RecordedNodes(CAPTURES / "debian12" / name, together)


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
