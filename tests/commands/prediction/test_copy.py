"""A change is in the copy, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.command import Completed
from commands.errors import HaclusterError
from commands.facts import cib
from commands.facts.cib import Cib
from commands.prediction import (
    ClusterProperty,
    ConstraintAdded,
    ConstraintRemoved,
    FailuresForgotten,
    NodeAttribute,
    NodeBack,
    NodeLost,
    NodeStandby,
    NodeStopped,
    NotInTheCluster,
    Quorum,
    ResourceStarted,
    ResourceStopped,
    Simulated,
    changed,
    preferring,
)

Text = Callable[..., str]
EVERY_GENERATION = pytest.mark.parametrize("debian", [11, 12, 13])
ATTRIBUTE = "hacluster-vip2"


def read(text: str) -> Cib:
    record = cib.parse(Completed("n1", cib.FACT.command, 0, text, ""))
    assert isinstance(record, Cib)
    return record


def after(text: str, *changes: Simulated) -> Cib:
    return read(changed(text, changes).text)


def same_but_for(before: Cib, later: Cib, *fields: str) -> bool:
    """Return whether two records differ in these fields only; any change of the configuration alters its digest."""
    return all(getattr(before, name) != getattr(later, name) for name in fields) and before == replace(
        later, **{name: getattr(before, name) for name in (*fields, "digest")}
    )


@EVERY_GENERATION
def test_no_change_leaves_the_copy_as_it_was(cib_text: Text, debian: int) -> None:
    copy = changed(cib_text("healthy", debian), ())
    assert read(copy.text) == read(cib_text("healthy", debian))
    assert (copy.flags, copy.had_quorum) == ((), True)


@EVERY_GENERATION
def test_an_attribute_is_carried_for_now_or_for_good(cib_text: Text, debian: int) -> None:
    before = read(cib_text("healthy", debian))
    now = after(cib_text("healthy", debian), NodeAttribute("n1", ATTRIBUTE, "yes"))
    assert now.transient_attributes["n1"][ATTRIBUTE] == "yes"
    assert same_but_for(before, now, "transient_attributes")
    good = after(cib_text("healthy", debian), NodeAttribute("n2", ATTRIBUTE, "yes", "forever"))
    assert good.node_attributes["n2"][ATTRIBUTE] == "yes"
    assert same_but_for(before, good, "node_attributes")


@EVERY_GENERATION
def test_an_attribute_changes_its_value_and_goes(cib_text: Text, debian: int) -> None:
    text = cib_text("n2-lost-failover-approved", debian)
    assert read(text).transient_attributes["n1"][ATTRIBUTE] == "yes"
    away = after(text, NodeAttribute("n1", ATTRIBUTE, "away"))
    assert away.transient_attributes["n1"][ATTRIBUTE] == "away"
    gone = after(text, NodeAttribute("n1", ATTRIBUTE, None))
    assert ATTRIBUTE not in gone.transient_attributes["n1"]


def test_an_attribute_whose_name_fits_no_id_gets_one_that_does(cib_text: Text) -> None:
    copy = changed(cib_text("healthy"), (NodeAttribute("n1", "fail-count-vip1#start_0", "3"),))
    assert 'id="status-1-fail-count-vip1.start_0" name="fail-count-vip1#start_0"' in copy.text


@EVERY_GENERATION
def test_standby_is_for_good_and_taken_back(cib_text: Text, debian: int) -> None:
    text = cib_text("healthy", debian)
    there = changed(text, (NodeStandby("n1"),))
    assert read(there.text).node_attributes["n1"]["standby"] == "on"
    assert there.flags == ()
    back = changed(there.text, (NodeBack("n1"),))
    assert read(back.text).node_attributes["n1"].get("standby") is None
    assert back.flags == (), "it is in the membership already"


@EVERY_GENERATION
def test_a_node_that_comes_back_is_not_remembered_to_run_what_it_ran(cib_text: Text, debian: int) -> None:
    text = cib_text("n2-lost", debian)
    assert fromstring(text).find("status/node_state[@uname='n2']/lrm") is not None
    copy = changed(text, (NodeBack("n2"),))
    assert copy.flags == ("--node-up=n2",)
    assert fromstring(copy.text).findall("status/node_state[@uname='n2']/*") == []
    assert fromstring(copy.text).findall("status/node_state[@uname='n1']/*") != []


def test_what_happens_to_nodes_is_for_crm_simulate(cib_text: Text) -> None:
    copy = changed(cib_text("healthy"), (NodeLost("n1"), NodeStopped("n2")))
    assert copy.flags == ("--node-fail=n1", "--node-down=n2")


def test_quorum_is_said_in_the_copy_for_the_flag_does_nothing(cib_text: Text) -> None:
    copy = changed(cib_text("healthy"), (Quorum(held=False),))
    assert copy.flags == ()
    assert copy.had_quorum
    assert fromstring(copy.text).get("have-quorum") == "0"
    assert not changed(copy.text, (Quorum(held=True),)).had_quorum


@EVERY_GENERATION
def test_a_property_is_set_anew_and_unset(cib_text: Text, debian: int) -> None:
    before = read(cib_text("healthy", debian))
    on = changed(cib_text("healthy", debian), (ClusterProperty("maintenance-mode", "true"),))
    assert read(on.text).properties == {**before.properties, "maintenance-mode": "true"}
    off = after(on.text, ClusterProperty("maintenance-mode", None))
    assert off == before


def test_a_constraint_is_added_replaced_and_removed(cib_text: Text) -> None:
    moved = changed(cib_text("healthy"), (preferring("vip1", "n2"),))
    (constraint,) = read(moved.text).leftover_moves
    assert (constraint.resource, constraint.node) == ("vip1", "n2")
    again = changed(moved.text, (preferring("vip1", "n1"),))
    assert [one.node for one in read(again.text).leftover_moves] == ["n1"]
    assert after(again.text, ConstraintRemoved("cli-prefer-vip1")) == read(cib_text("healthy"))


@pytest.mark.parametrize("resource", ["vip1", "haproxy-clone", "haproxy"])
def test_a_resource_is_stopped_where_it_stands_and_started_again(cib_text: Text, resource: str) -> None:
    stopped = changed(cib_text("healthy"), (ResourceStopped(resource),))
    held = fromstring(stopped.text).find(
        f".//resources//*[@id='{resource}']/meta_attributes/nvpair[@name='target-role']"
    )
    assert held is not None
    assert held.get("value") == "Stopped"
    started = changed(stopped.text, (ResourceStarted(resource),))
    assert "target-role" not in started.text


@EVERY_GENERATION
def test_failures_are_forgotten_and_what_runs_is_not(cib_text: Text, debian: int) -> None:
    text = cib_text("haproxy-failed-start", debian)
    assert "fail-count-haproxy" in text
    elsewhere = changed(text, (FailuresForgotten("vip1"), FailuresForgotten("haproxy", "n1")))
    assert "fail-count-haproxy" in elsewhere.text
    copy = changed(text, (FailuresForgotten("haproxy", "n2"),))
    assert "fail-count" not in copy.text
    assert "last-failure" not in copy.text
    assert "haproxy_last_failure_0" not in copy.text
    assert copy.text.count("haproxy_monitor_5000") >= 1
    assert changed(text, (FailuresForgotten(),)) == copy


@pytest.mark.parametrize(
    "change",
    [
        NodeLost("n9"),
        NodeStandby("n9"),
        NodeBack("n9"),
        NodeAttribute("n9", "a", "b"),
        ConstraintRemoved("nothing"),
        ConstraintAdded("<rsc_location"),
        ResourceStopped("nothing"),
        ResourceStarted("n1"),
        FailuresForgotten(node="n9"),
    ],
)
def test_a_change_of_what_is_not_there_is_told(cib_text: Text, change: Simulated) -> None:
    with pytest.raises(NotInTheCluster):
        changed(cib_text("healthy"), (change,))


def test_passwords_are_not_in_what_is_shown_of_a_copy(cib_text: Text) -> None:
    copy = changed(cib_text("healthy"), (NodeAttribute("n1", "a", "canary"),))
    assert "canary" in copy.text
    assert "canary" not in repr(copy)


words = st.sampled_from(["n1", "n2", "vip1", "haproxy-clone", "cli-prefer-vip1", "<a id='b'/>"]) | st.text(max_size=8)
changes = st.one_of(
    st.builds(NodeLost, words),
    st.builds(NodeStandby, words),
    st.builds(NodeBack, words),
    st.builds(Quorum, st.booleans()),
    st.builds(NodeAttribute, words, words, st.none() | words, st.sampled_from(["reboot", "forever"])),
    st.builds(ClusterProperty, words, st.none() | words),
    st.builds(ConstraintAdded, words),
    st.builds(ConstraintRemoved, words),
    st.builds(ResourceStopped, words),
    st.builds(ResourceStarted, words),
    st.builds(FailuresForgotten, st.none() | words, st.none() | words),
)


@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(wanted=st.lists(changes, max_size=5))
def test_whatever_is_asked_there_is_a_copy_or_a_reason(cib_text: Text, wanted: list[Simulated]) -> None:
    with suppress(HaclusterError):
        changed(cib_text("healthy"), wanted)


@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(text=st.text(max_size=200) | st.sampled_from(["<cib/>", "<cib><configuration/></cib>"]))
def test_what_is_no_cib_is_told(text: str) -> None:
    with suppress(HaclusterError):
        changed(text, (NodeStandby("n1"), ClusterProperty("a", "b")))
