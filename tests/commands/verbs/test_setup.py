"""Setup decides purely what is left to do, whatever is there already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from commands import configuration
from commands.facts.cib import Cib
from commands.facts.corosync_conf import ConfNode, CorosyncConf, NoConf
from commands.facts.fact import NOT_ASKED, Known, NotRunning, Unknown
from commands.facts.packages import CLUSTER_PACKAGES, Packages
from commands.facts.units import Units
from commands.plan import NothingToDo, Plan
from commands.snapshot import NodeSnapshot
from commands.verbs.setup.verb import ask, decide
from tests.commands.verbs.setting_up import (
    ADDRESS,
    BARE,
    FINISHED,
    NAMES,
    REQUEST,
    answering,
    bare,
    both,
    complete_cib,
    finished,
    held,
    ids,
    reasons,
    snapshot,
    units,
    unreachable,
)


def test_bare_servers_get_the_whole_recipe_in_order() -> None:
    assert ids(decide(REQUEST, BARE)) == [
        "packages", "sysctl", "leftover", "pcsd", "password", "auth", "create", "seed", "start", "trusted", "haproxy",
        "enable", "draft", "configure", "serving",
    ]  # fmt: skip


def test_the_commands_are_those_of_the_recipe() -> None:
    decision = decide(REQUEST, BARE)
    assert isinstance(decision, Plan)
    shown = [c.shown() for step in decision.steps for lane in step.lanes for c in lane.commands]
    assert "pcs host auth -u hacluster -- n1 addr=10.0.0.1 n2 addr=10.0.0.2 < the hacluster password" in shown
    assert "pcs cluster setup web n1 addr=10.0.0.1 n2 addr=10.0.0.2" in shown
    assert shown.count("systemctl start corosync pacemaker") == 2, "on each node"
    assert shown.count("env SYSTEMCTL_SKIP_SYSV=1 systemctl enable corosync pacemaker pcsd") == 2, "on each node"
    assert shown.count("env SYSTEMCTL_SKIP_SYSV=1 systemctl disable --no-reload haproxy") == 2, "on each node"
    assert not any("--force" in line or "--debug" in line for line in shown if line.startswith("pcs"))


def test_a_finished_cluster_is_left_alone() -> None:
    decision = decide(replace(REQUEST, known=REQUEST.cluster), FINISHED)
    assert isinstance(decision, NothingToDo)


KNOWN = replace(REQUEST, known=REQUEST.cluster)
UNASKED = snapshot(*(replace(finished(n), vip_ports=NOT_ASKED) for n in NAMES))


def test_that_all_is_there_is_not_that_it_answers() -> None:
    assert ids(decide(KNOWN, UNASKED)) == ["serving"], "nobody has asked the ports"
    assert set(ask(KNOWN, UNASKED)) == {"vip_ports"}
    silent = snapshot(finished("n1"), replace(finished("n2"), vip_ports=answering("refused")))
    decision = decide(KNOWN, silent)
    assert ids(decision) == ["serving"]
    assert isinstance(decision, Plan)
    assert "10.0.0.10 port 80 is refused, asked from n2" in [risk.text for risk in decision.risks]
    unread = snapshot(finished("n1"), replace(finished("n2"), vip_ports=Unknown("n2: broken")))
    assert ids(decide(KNOWN, unread)) == ["serving"]


@pytest.mark.parametrize(
    "node",
    [bare("n2"), unreachable("n2"), replace(finished("n2"), addresses=held("10.0.0.2"))],
    ids=["to be set up", "unreachable", "without its floating IP"],
)
def test_ports_are_asked_only_where_nothing_else_is_left(node: NodeSnapshot) -> None:
    assert ask(KNOWN, snapshot(finished("n1"), node)) == {}


def test_a_finished_cluster_that_is_not_known_is_remembered_and_not_touched() -> None:
    decision = decide(REQUEST, FINISHED)
    assert isinstance(decision, Plan)
    assert (decision.steps, decision.declares) == ((), REQUEST.cluster)


FIELDS = [
    ("packages", ["packages"]),
    ("sysctl", ["sysctl"]),
    ("units", ["pcsd", "enable"]),
    ("host_auth", ["password", "auth", "trusted"]),
    ("haproxy_config", ["haproxy"]),
]


@pytest.mark.parametrize(("field", "steps"), FIELDS)
def test_what_is_missing_on_one_node_is_done_there_and_nothing_else(field: str, steps: list[str]) -> None:
    lacking = replace(finished("n1"), **{field: getattr(bare("n1"), field)})
    decision = decide(REQUEST, snapshot(lacking, finished("n2")))
    left = set(ids(decision)) - {"serving"}
    assert set(steps) <= left
    assert left <= {*steps, "leftover", "haproxy", "enable"}
    assert isinstance(decision, Plan)
    for step in decision.steps:
        if step.id == field:
            assert [lane.node.name for lane in step.lanes] == ["n1"]


def test_a_setup_that_stopped_after_creating_the_cluster_goes_on_from_there() -> None:
    created = snapshot(*(replace(finished(n), cib=Known(NotRunning("x")), cmap=Known(NotRunning("x")), status=Known(NotRunning("x")),
                                 disk_cib=Known(NotRunning("x")), addresses=held(ADDRESS[n]), units=units(pcsd=True)) for n in NAMES))  # fmt: skip
    assert ids(decide(REQUEST, created)) == ["seed", "start", "enable", "draft", "configure", "serving"]


def test_a_seed_that_only_some_nodes_got_is_given_to_the_others_too() -> None:
    nothing = Known(NotRunning("x"))
    stopped: dict[str, Any] = {"cib": nothing, "cmap": nothing, "status": nothing, "units": units(pcsd=True)}
    seed = Cib(0, 1, 0, "", "", "", "seed", properties={"dc-deadtime": configuration.SEED_DEADTIME})
    half = snapshot(
        replace(finished("n1"), **stopped, addresses=held(ADDRESS["n1"]), disk_cib=Known(seed)),
        replace(finished("n2"), **stopped, addresses=held(ADDRESS["n2"]), disk_cib=Known(NotRunning("x"))),
    )
    decision = decide(REQUEST, half)
    assert ids(decision) == ["seed", "start", "enable", "draft", "configure", "serving"]
    assert isinstance(decision, Plan)
    assert [lane.node.name for lane in decision.steps[0].lanes] == ["n2"]


def test_a_seed_is_the_nodes_own_empty_configuration_and_moved_into_place_whole() -> None:
    decision = decide(REQUEST, BARE)
    assert isinstance(decision, Plan)
    (lane, _) = next(step for step in decision.steps if step.id == "seed").lanes
    (command,) = lane.commands
    assert command.argv[-3::2] == ("/var/lib/pacemaker/cib/cib.xml", "hacluster:haclient")
    assert "cibadmin --empty" in command.argv[2]
    assert command.argv[2].endswith('mv "$1.new" "$1"')


def test_a_seed_is_never_put_where_a_configuration_is() -> None:
    stopped = snapshot(
        *(
            replace(
                finished(n),
                cib=Known(NotRunning("x")),
                cmap=Known(NotRunning("x")),
                status=Known(NotRunning("x")),
                addresses=held(ADDRESS[n]),
            )
            for n in NAMES
        )
    )
    assert ids(decide(REQUEST, stopped)) == ["start", "serving"]


def test_a_running_cluster_without_its_resources_gets_them_and_loses_the_short_election() -> None:
    empty = replace(
        complete_cib(),
        properties={"dc-deadtime": configuration.SEED_DEADTIME},
        primitives=(),
        clones=(),
        orders=(),
        colocations=(),
        locations=(),
    )
    decision = decide(
        REQUEST, snapshot(*(replace(finished(n), cib=Known(empty), addresses=held(ADDRESS[n])) for n in NAMES))
    )
    assert ids(decision) == ["draft", "configure", "serving"]
    assert isinstance(decision, Plan)
    drafted = [c.shown() for c in decision.steps[0].lanes[0].commands]
    assert "cibadmin --query" in drafted[0]
    assert any("--name dc-deadtime --delete" in line for line in drafted)


def test_where_one_node_has_the_cluster_the_other_gets_it_from_there() -> None:
    half = snapshot(finished("n1"), replace(finished("n2"), conf=Known(NoConf()), addresses=held("10.0.0.2")))
    decision = decide(REQUEST, half)
    assert isinstance(decision, Plan)
    create = next(step for step in decision.steps if step.id == "create")
    assert [(lane.node.name, c.argv) for lane in create.lanes for c in lane.commands] == [
        ("n1", ("pcs", "cluster", "sync"))
    ]


def test_the_packages_one_node_cluster_is_named_and_removed_before_the_nodes_trust_each_other() -> None:
    leftover = CorosyncConf("debian", (ConfNode("node1", 1, ("127.0.0.1",)),), False, "knet", None, "d")
    fresh = snapshot(
        *(
            replace(
                bare(n),
                conf=Known(leftover),
                packages=finished(n).packages,
                cib=Known(replace(complete_cib(), primitives=())),
            )
            for n in NAMES
        )
    )
    decision = decide(REQUEST, fresh)
    assert ids(decision)[:3] == ["sysctl", "leftover", "pcsd"]
    assert isinstance(decision, Plan)
    assert "leftover" in next(step for step in decision.steps if step.id == "auth").after
    assert sum("`debian`" in risk.text for risk in decision.risks) == 2


def test_a_debian_cluster_that_carries_something_is_not_a_leftover() -> None:
    used = CorosyncConf("debian", (ConfNode("node1", 1, ("127.0.0.1",)),), False, "knet", None, "d")
    decision = decide(REQUEST, both(conf=Known(used), cib=Known(complete_cib())))
    assert "called `debian`" in reasons(decision)


@pytest.mark.parametrize(("ruby", "started"), [(True, ("pcsd", "pcsd-ruby")), (False, ("pcsd",))])
def test_both_halves_of_pcsd_are_started_where_there_are_two(ruby: bool, started: tuple[str, ...]) -> None:  # noqa: FBT001
    stopped = snapshot(*(replace(finished(n), units=units(boot=True, ruby=ruby)) for n in NAMES))
    decision = decide(REQUEST, stopped)
    assert isinstance(decision, Plan)
    step = next(step for step in decision.steps if step.id == "pcsd")
    assert [c.argv for lane in step.lanes for c in lane.commands] == [("systemctl", "start", *started)] * 2


def test_a_half_of_pcsd_that_did_not_come_back_is_started_too() -> None:
    lonely = units(pcsd=True, boot=True, ruby=True).value
    half = Units({**lonely.units, "pcsd-ruby": replace(lonely.unit("pcsd-ruby"), active=False)})
    decision = decide(REQUEST, snapshot(*(replace(finished(n), units=Known(half)) for n in NAMES)))
    assert ids(decision) == ["pcsd", "serving"]


def test_what_is_installed_already_is_not_installed_again_since_that_would_upgrade_and_restart_it() -> None:
    but_one = dict.fromkeys(set(CLUSTER_PACKAGES["apt"]) - {"socat"}, "1:3.1")
    lacking = replace(finished("n1"), packages=Known(Packages(but_one)))
    decision = decide(REQUEST, snapshot(lacking, finished("n2")))
    assert isinstance(decision, Plan)
    (install,) = (step for step in decision.steps if step.id == "packages")
    assert [lane.node.name for lane in install.lanes] == ["n1"]
    assert install.lanes[0].commands[-1].argv[-2:] == ("install", "socat")
    assert [(risk.node, risk.text[:44]) for risk in decision.risks if "packages" in risk.text] == [
        ("n1", "packages are installed while the cluster runs"[:44])
    ], "what it needs may be"
