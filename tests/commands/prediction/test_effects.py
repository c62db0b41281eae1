"""What a plan's commands do, read from the very commands that the verbs run."""

from __future__ import annotations

import pytest

from commands.command import Command, Stdin
from commands.configuration import DRAFT, ORIGINAL, draft_commands, push_command
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Location
from commands.gates import clear_attribute, set_attribute
from commands.plan import Lane, Plan, Step
from commands.prediction import (
    ClusterProperty,
    ConstraintAdded,
    ConstraintRemoved,
    FailuresForgotten,
    NodeAttribute,
    NodeBack,
    NodeStandby,
    NodeStopped,
    Quorum,
    ResourceStarted,
    Simulated,
    effects,
    preferring,
)
from config.inventory import ClusterSpec, parse_node

WEB = ClusterSpec(name="web", nodes=(parse_node("n1=10.0.0.1"), parse_node("n2=10.0.0.2")))
LEFT = (
    Location("cli-prefer-vip1", "vip1", "n2", 1_000_000),
    Location("cli-ban-vip1-on-n1", "vip1", "n1", -1_000_000),
    Location("ours", "vip1", "n1", 100),
)
CIB = Cib(0, 1, 0, "", "", "", "digest", locations=LEFT)


def plan(*commands: Command | tuple[str, ...], node: int = 0) -> Plan:
    made = tuple(one if isinstance(one, Command) else Command(one, changes=True) for one in commands)
    return Plan("flip", WEB, "Flip it.", (Step("flip", "Flip it", (Lane(WEB.nodes[node], made),)),))


@pytest.mark.parametrize(
    ("argv", "means"),
    [
        (set_attribute("vip1", "n2", "yes").argv, (NodeAttribute("n2", "hacluster-vip1", "yes"),)),
        (clear_attribute("vip1", "n2").argv, (NodeAttribute("n2", "hacluster-vip1", None),)),
        (("pcs", "node", "standby", "n2"), (NodeStandby("n2"),)),
        (("pcs", "node", "unstandby", "n2"), (NodeAttribute("n2", "standby", None, "forever"),)),
        (("pcs", "node", "maintenance", "n2"), (NodeAttribute("n2", "maintenance", "on", "forever"),)),
        (("pcs", "property", "set", "maintenance-mode=true"), (ClusterProperty("maintenance-mode", "true"),)),
        (("crm_resource", "--resource", "vip1", "--move", "--node", "n2"), (preferring("vip1", "n2"),)),
        (
            ("crm_resource", "--resource", "vip1", "--clear"),
            (ConstraintRemoved("cli-prefer-vip1"), ConstraintRemoved("cli-ban-vip1-on-n1")),
        ),
        (("crm_resource", "--cleanup", "--node", "n1"), (FailuresForgotten(None, "n1"),)),
        (("crm_resource", "--cleanup", "--resource", "vip1"), (FailuresForgotten("vip1", None),)),
        (("crm_resource", "--restart", "--resource", "vip1", "--timeout=60s"), ()),
        (("pcs", "resource", "enable", "vip1"), (ResourceStarted("vip1"),)),
        (("pcs", "stonith", "fence", "n2"), (NodeStopped("n2"),)),
        (("stonith_admin", "--confirm", "n2"), (NodeStopped("n2"),)),
        (("pcs", "cluster", "stop"), (NodeStopped("n1"),)),
        (("pcs", "cluster", "start"), (NodeBack("n1"),)),
        (("pcs", "quorum", "unblock", "--force"), (Quorum(held=True),)),
    ],
)
def test_each_form_means_what_it_does(argv: tuple[str, ...], means: tuple[Simulated, ...]) -> None:
    assert effects(plan(argv), CIB) == means


@pytest.mark.parametrize(
    "argv", [("pcs", "cluster", "setup", "web"), ("systemctl", "stop", "corosync"), ("pcs", "cluster", "stop", "--all")]
)
def test_what_the_scheduler_of_a_running_cluster_cannot_be_asked_is_not_foreseen(argv: tuple[str, ...]) -> None:
    assert effects(plan(("pcs", "node", "standby", "n2"), argv), CIB) is None


def test_a_command_that_only_looks_does_nothing() -> None:
    assert effects(plan(Command(("crm_resource", "--wait"))), CIB) == ()


def test_a_move_counts_as_it_is_before_its_constraint_goes_again() -> None:
    move = ("crm_resource", "--resource", "vip1", "--move", "--node", "n2")
    clear = ("crm_resource", "--resource", "vip1", "--clear")
    nudge = (set_attribute("vip1", "n2", "yes"), clear_attribute("vip1", "n2"))
    assert effects(plan(move, *nudge, clear), CIB) == (preferring("vip1", "n2"),)


def test_of_an_attribute_that_is_set_twice_the_last_value_counts() -> None:
    twice = (set_attribute("vip1", "n2", "yes"), set_attribute("vip1", "n2", "away"))
    assert effects(plan(*twice), CIB) == (NodeAttribute("n2", "hacluster-vip1", "away"),)


def drafting(*edits: Command) -> Plan:
    query, *_ = draft_commands(WEB, CIB, {})
    return plan(query, Command(("cp", ORIGINAL, DRAFT), changes=True), *edits, push_command())


def edit(how: str, scope: str, text: str) -> Command:
    argv = ("env", f"CIB_file={DRAFT}", "cibadmin", how, "--scope", scope, "--xml-pipe")
    return Command(argv, stdin=Stdin(text, scope), changes=True)


def test_constraints_that_are_drafted_and_pushed_come_and_go() -> None:
    made = '<rsc_location id="new" rsc="vip1" node="n2" score="5" />'
    drafted = drafting(
        edit("--delete", "constraints", '<constraints><rsc_location id="ours" /></constraints>'),
        edit("--create", "constraints", f"<constraints>{made}</constraints>"),
    )
    assert effects(drafted, CIB) == (ConstraintRemoved("ours"), ConstraintAdded(made))


@pytest.mark.parametrize(("how", "scope"), [("--create", "resources"), ("--modify", "constraints")])
def test_what_else_is_drafted_is_not_foreseen(how: str, scope: str) -> None:
    assert effects(drafting(edit(how, scope, f'<{scope}><primitive id="vip3" /></{scope}>')), CIB) is None


def test_a_cluster_that_is_to_be_made_is_not_foreseen() -> None:
    assert effects(plan(*draft_commands(WEB, None, {})), CIB) is None
