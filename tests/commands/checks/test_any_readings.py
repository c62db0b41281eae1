"""Whatever mixture of readings a snapshot holds: no check raises, and what is unknown is never a loss."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from commands.checks import findings
from commands.command import Completed
from commands.errors import Unreachable, UnreadableOutput
from commands.facts import cib, corosync_cmap, corosync_link, corosync_quorum, crm_mon, haproxy_stat, host
from commands.facts.fact import NOT_ASKED, Fact, Known, NotRunning, Unknown
from commands.report import Level, Table
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs import members
from commands.verbs.status import overview_of, report_of
from config.inventory import ClusterSpec, NodeSpec, VipSpec

CAPTURES = Path(__file__).parents[2] / "captures"
TOOLS: dict[str, tuple[str, Fact[Any]]] = {
    "addresses": ("ip-address", host.ADDRESSES),
    "cib": ("cibadmin", cib.FACT),
    "cmap": ("corosync-cmapctl", corosync_cmap.FACT),
    "links": ("corosync-cfgtool-links", corosync_link.FACT),
    "quorum": ("corosync-quorumtool", corosync_quorum.FACT),
    "status": ("crm_mon", crm_mon.FACT),
}
FIELDS = (*TOOLS, "haproxy")
OUT_OF_REACH = Unknown("n1: connection timed out", Unreachable("connection timed out", node="n1"))
ILLEGIBLE = Unknown("cannot read the output of crm_mon: no XML", UnreadableOutput("crm_mon", "no XML"))
NOTHING = st.sampled_from([OUT_OF_REACH, ILLEGIBLE, NOT_ASKED])


@cache
def known(field: str) -> tuple[Known[Any], ...]:
    """Return every different record that the tool's recorded outputs are read as."""
    if field == "haproxy":
        server = haproxy_stat.ProxyServer("app", "web1", "DOWN 1/2", up=False, check="L4CON")
        other = haproxy_stat.ProxyServer("app", "web2", "no check", up=True, check="")
        running = [haproxy_stat.ProxyStatus("2.6", 1, 0, (), servers) for servers in ((), (server,), (server, other))]
        return (*map(Known, running), Known(NotRunning("nobody listens")))
    tool, fact = TOOLS[field]
    records: list[Known[Any]] = []
    for path in sorted(CAPTURES.rglob(f"{tool}.*.json")):
        said = json.loads(path.read_text())
        record = Known(fact.parse(Completed(said["node"], fact.command, said["exit"], said["stdout"], said["stderr"])))
        if record not in records:
            records.append(record)
    assert len(records) > 3
    return tuple(records)


def cluster(*names: str) -> ClusterSpec:
    """Declare a cluster: under the names and addresses that were recorded, or others."""
    nodes = [{"name": name, "addresses": [f"10.0.0.{number}"]} for number, name in enumerate(names, start=1)]
    vips = ("10.213.2.101/24", "10.213.2.102/24", "10.9.9.9/24")[: len(names)]
    return ClusterSpec(
        name="web", nodes=tuple(map(NodeSpec.model_validate, nodes)), vips=tuple(map(VipSpec.parse, vips))
    )


CLUSTERS = st.sampled_from([cluster("n1", "n2"), cluster("n1", "n2", "n3"), cluster("n2", "other"), cluster("n1")])


@cache
def readings(field: str) -> st.SearchStrategy[Known[Any] | Unknown]:
    """Any reading of the field; made once, since making strategies takes longer than drawing from them."""
    return NOTHING | st.sampled_from(known(field))


@st.composite
def snapshots(draw: st.DrawFn, *, blind: bool = False) -> Snapshot:
    """Snapshots of any readings, or of failed ones only."""
    declared = draw(CLUSTERS)
    nodes = []
    for node in declared.nodes:
        found: dict[str, Any] = {field: draw(NOTHING if blind else readings(field)) for field in FIELDS}
        nodes.append(NodeSnapshot(node, **found))
    return Snapshot(declared, tuple(nodes))


@settings(deadline=None, max_examples=100)
@given(snapshots(blind=True))
def test_nothing_known_is_never_trouble(snapshot: Snapshot) -> None:
    found = findings(snapshot)
    assert {finding.level for finding in found} <= {Level.UNKNOWN}
    asked_in_vain = {
        node.node.name for node in snapshot.nodes if any(getattr(node, field) != NOT_ASKED for field in FIELDS)
    }
    assert sorted(finding.node or "" for finding in found) == sorted(asked_in_vain)
    assert all(word not in report_of(snapshot).headline for word in ("healthy", "down", "failing", "degraded"))


@settings(deadline=None, max_examples=300)
@given(snapshots())
def test_no_mixture_of_readings_breaks_a_check_or_a_report(snapshot: Snapshot) -> None:
    found = findings(snapshot)
    assert all(finding.text for finding in found)
    for report in (report_of(snapshot), overview_of([snapshot]), members.report_of(snapshot, None)):
        for table in (part for part in report.parts if isinstance(part, Table)):
            assert {len(row) for row in table.rows} <= {len(table.columns)}


@settings(deadline=None, max_examples=200)
@given(snapshots())
def test_a_node_is_lost_only_by_the_word_of_a_member_that_runs(snapshot: Snapshot) -> None:
    views = [cmap.joined_names() for _, cmap in snapshot.running("cmap")]
    for finding in findings(snapshot):
        if " is lost, as " in finding.text:
            assert any(finding.node not in names for names in views)
