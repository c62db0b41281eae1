"""`auth`: the steps of setup that make the nodes trust each other, alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from commands.errors import Unreachable
from commands.facts.corosync_conf import ConfNode, CorosyncConf, NoConf
from commands.facts.fact import Known, NotRunning, Unknown
from commands.facts.host import OperatingSystem
from commands.facts.packages import CLUSTER_PACKAGES, Packages
from commands.facts.pcs import HostAuth, HostState
from commands.facts.units import Unit, Units
from commands.plan import Decision, NothingToDo, Plan, Refusal
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.auth import READS, decide, parse
from commands.verbs.setup.request import SetupRequest
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import Words
from config.inventory import ClusterSpec, parse_node
from tests.commands.doubles import NoRunner

WEB = ClusterSpec(name="web", nodes=(parse_node("n1=10.0.0.1"), parse_node("n2=10.0.0.2")))
CONF = CorosyncConf(
    "web", (ConfNode("n1", 1, ("10.0.0.1",)), ConfNode("n2", 2, ("10.0.0.2",))), True, "knet", None, "conf"
)


def requested(*flags: str, password: str = "generated") -> SetupRequest:
    words = Words(("web",), dict.fromkeys(flags, ()))
    made = parse(words, Desk({"web": Declared(WEB, "file")}, NoRunner(), secret=lambda _: password))
    assert isinstance(made, SetupRequest)
    return made


def member(name: str, auth: str = "online", **changed: Any) -> NodeSnapshot:
    pcsd = Unit("pcsd", loaded=True, active=True, enabled=True, restarts=0)
    ruby = replace(pcsd, name="pcsd-ruby", enabled=False)
    node = NodeSnapshot(
        WEB.node(name),
        conf=Known(CONF),
        host_auth=Known(HostAuth(dict.fromkeys(("n1", "n2"), auth))),  # type: ignore[arg-type]
        os=Known(OperatingSystem("debian", "12", "Debian 12", "apt", 12)),
        packages=Known(Packages(dict.fromkeys(CLUSTER_PACKAGES["apt"], "1:3.1"))),
        units=Known(Units({"pcsd": pcsd, "pcsd-ruby": ruby})),
    )
    return replace(node, **changed)


def decided(*nodes: NodeSnapshot, request: SetupRequest | None = None) -> Decision:
    return decide(request or requested(), Snapshot(WEB, nodes))


def shown(decision: Decision) -> str:
    assert isinstance(decision, Plan), decision
    return "\n".join(command.shown() for step in decision.steps for lane in step.lanes for command in lane.commands)


def test_nodes_that_trust_each_other_are_left_alone() -> None:
    assert isinstance(decided(member("n1"), member("n2")), NothingToDo)


@pytest.mark.parametrize("lost", [{"auth": "unauthorized"}, {"host_auth": Known(NotRunning("pcsd is down"))}])
def test_where_trust_is_lost_it_is_made_anew_with_the_password_on_standard_input(lost: dict[str, Any]) -> None:
    decision = decided(member("n1", **lost), member("n2"), request=requested(password="canary"))
    assert "pcs host auth -u hacluster -- n1 addr=10.0.0.1 n2 addr=10.0.0.2 < " in shown(decision)
    assert "canary" not in shown(decision) + repr(decision)


def test_a_new_password_is_set_though_they_trust_each_other() -> None:
    decision = decided(member("n1"), member("n2"), request=requested("new-password"))
    assert "chpasswd < " in shown(decision)
    assert "systemctl" not in shown(decision)
    assert isinstance(decision, Plan)
    present = {step.id for step in decision.steps}
    assert all(set(step.after) <= present for step in decision.steps)


def test_a_pcsd_that_was_stopped_is_started_and_starts_at_boot() -> None:
    gone = {name: replace(unit, active=False, enabled=False) for name, unit in member("n1").units.value.units.items()}  # type: ignore[union-attr]
    decision = decided(*(member(name, "offline", units=Known(Units(gone))) for name in ("n1", "n2")))
    assert isinstance(decision, Plan)
    assert [step.id for step in decision.steps] == ["pcsd", "enable", "trusted"]
    assert "pcsd" in decision.steps[-1].after
    assert "systemctl start pcsd pcsd-ruby" in shown(decision)
    assert "systemctl enable pcsd" in shown(decision)
    assert decision.steps[-1].proof is not None, "host auth is verified by what pcs says of each host"


@pytest.mark.parametrize(
    ("told", "conf", "anew"),
    [
        (("online", "offline"), CONF, False),
        (("offline", "offline"), CONF, False),
        (("unauthorized", "offline"), CONF, True),
        (("online", "offline"), NoConf(), True),
    ],
)
def test_a_silent_pcsd_is_asked_again_before_anybody_gets_a_new_password(
    told: tuple[HostState, HostState],
    conf: CorosyncConf | NoConf,
    anew: bool,  # noqa: FBT001
) -> None:
    auth = HostAuth(dict(zip(("n1", "n2"), told, strict=True)))
    decision = decided(*(member(name, host_auth=Known(auth), conf=Known(conf)) for name in ("n1", "n2")))
    assert isinstance(decision, Plan)
    assert [step.id for step in decision.steps] == [*(["password", "auth"] if anew else []), "trusted"]


def test_every_node_that_cannot_be_asked_is_a_reason() -> None:
    error = Unreachable("no answer", node="n2", remedy="Is it on?")
    dark = NodeSnapshot(WEB.node("n2"), **dict[str, Any](dict.fromkeys(READS, Unknown(str(error), error))))
    decision = decided(member("n1"), dark)
    assert isinstance(decision, Refusal)
    assert [(reason.node, reason.text, reason.remedy) for reason in decision.reasons] == [
        ("n2", "no answer", "Is it on?")
    ]
