"""Every reason not to set up, all in one answer, each with its node and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.errors import HostKeyUnknown
from commands.facts.cib_constraints import Expression, Location, Rule
from commands.facts.cib_resources import Primitive
from commands.facts.fact import NOT_ASKED, Known, Unknown
from commands.facts.haproxy_config import Bind
from commands.facts.host import Clock, OperatingSystem, Resolution
from commands.facts.packages import Packages
from commands.facts.reach import InUse, Reach
from commands.plan import Plan, Refusal
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.setup.verb import decide
from tests.commands.verbs.setting_up import (
    CONF,
    NAMES,
    OWN_PROXY_CONFIG,
    REQUEST,
    WORDS,
    bare,
    both,
    complete_cib,
    finished,
    held,
    reasons,
    requested,
    snapshot,
    unreachable,
)


def test_a_change_that_outlived_its_bot_is_waited_for() -> None:
    still = snapshot(bare("n1"), replace(bare("n2"), under_way=Known(("pcs cluster destroy",))))
    assert "n2: `pcs cluster destroy` of an earlier request still runs there" in reasons(decide(REQUEST, still))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"clock": Known(Clock(1003.5))}, "3.5 s apart"),
        ({"resolution": Known(Resolution({"n1": ("127.0.1.1",), "n2": ("127.0.1.1",)}))}, "resolves to 127.0.1.1"),
        ({"conf": Known(replace(CONF, cluster_name="other"))}, "called `other`"),
        ({"conf": Known(replace(CONF, nodes=CONF.nodes[:1]))}, "of this name with other nodes"),
        ({"vips_in_use": Known(InUse({"10.0.0.10": "aa:bb:cc:dd:ee:ff"}))}, "10.0.0.10 is in use: aa:bb"),
        ({"addresses": held("192.168.1.1")}, "none of its interfaces is in 10.0.0.0/24"),
        ({"addresses": held("10.0.0.2", "10.0.0.10")}, "holds 10.0.0.10 on eth0 already"),
        ({"peer_ports": Known(Reach({("n1", 2224): "filtered"}))}, "cannot reach port 2224 of n1"),
        ({"packages": Known(Packages({"pcs": "0.9.1"}))}, "pcs 0.9 is too old"),
        ({"os": Known(OperatingSystem("arch", "", "Arch Linux", None, None))}, "Arch Linux is not one"),
        ({"os": Known(OperatingSystem("ol", "7.9", "Oracle Linux Server 7.9", "dnf", 7))}, "Linux Server 7.9 is too old"),
        ({"os": Known(OperatingSystem("debian", "13", "Debian 13", "apt", 13))}, "releases differ"),
        ({"haproxy_config": Known(replace(OWN_PROXY_CONFIG, valid=False, problems="line 3"))}, "not valid: line 3"),
        ({"haproxy_config": Known(replace(OWN_PROXY_CONFIG, binds=(Bind("127.0.0.1", 80),)))}, "no `bind` that others can reach"),
    ],
)  # fmt: skip
def test_a_reason_is_named_with_its_node_and_its_remedy(changed: dict[str, Any], words: str) -> None:
    assert words in reasons(decide(REQUEST, snapshot(bare("n1"), replace(bare("n2"), **changed))))


def test_a_slow_answer_is_not_a_wrong_clock() -> None:
    late = replace(bare("n2"), clock=Known(Clock(1003.5, took=4.0, heard=3.6)))
    assert isinstance(decide(REQUEST, snapshot(bare("n1"), late)), Plan)
    wrong = replace(bare("n2"), clock=Known(Clock(1003.5, took=0.1, heard=0.1)))
    assert "3.4 s apart" in reasons(decide(REQUEST, snapshot(bare("n1"), wrong)))


def test_differing_releases_are_named_side_by_side() -> None:
    old = replace(bare("n1"), packages=Known(Packages({"pcs": "0.10.8-1"})))
    new = replace(bare("n2"), packages=Known(Packages({"pcs": "1:0.11.5-1"})))
    assert "pcs differs between the nodes: 0.10 on n1, 0.11 on n2" in reasons(decide(REQUEST, snapshot(old, new)))


def test_that_nobody_could_ask_is_not_that_an_address_is_free() -> None:
    mute = Known(InUse({"10.0.0.11": None}, frozenset({"10.0.0.10"})))
    assert "no node could ask its subnet whether anybody has 10.0.0.10" in reasons(
        decide(REQUEST, both(vips_in_use=mute))
    )
    heard = replace(bare("n2"), vips_in_use=Known(InUse({"10.0.0.10": None, "10.0.0.11": None})))
    assert isinstance(decide(REQUEST, snapshot(replace(bare("n1"), vips_in_use=mute), heard)), Plan)


def test_all_reasons_come_in_one_answer() -> None:
    bad = replace(
        bare("n2"),
        clock=Known(Clock(1010.0)),
        conf=Known(replace(CONF, cluster_name="other")),
        addresses=held("192.168.1.1"),
    )
    decision = decide(REQUEST, snapshot(unreachable("n1"), bad))
    assert isinstance(decision, Refusal)
    told = reasons(decision)
    assert "n1: no answer within 5 s" in told
    assert "called `other`" in told
    assert "none of its interfaces" in told


def test_a_resource_that_is_in_the_way_is_named() -> None:
    other = replace(complete_cib(), primitives=(Primitive("vip1", "ocf", "heartbeat", "IPaddr2", {"ip": "10.9.9.9"}),))
    blocked = snapshot(*(replace(finished(n), cib=Known(other)) for n in NAMES))
    assert "`vip1` is there already, with the address 10.9.9.9" in reasons(decide(REQUEST, blocked))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (WORDS.replace(" --vip 10.0.0.11/24", ""), "`vip2` (10.0.0.11) is there and not asked for"),
        (WORDS.replace("10.0.0.10/24", "10.0.0.10/16"), "`vip1` has the prefix /24, not /16"),
        (WORDS.replace("10.0.0.10/24", "10.0.0.10/24@eth0"), "`vip1` is on the interface of its subnet, not eth0"),
        (f"{WORDS} --failover automatic --accept-split-brain", "`vip1` has a gate"),
    ],
)
def test_what_is_there_and_different_is_never_called_done(words: str, why: str) -> None:
    whole = complete_cib()
    gate = (
        Expression("expression", "#uname", "ne", "n1"),
        Expression("expression", "hacluster-vip1", "not_defined", ""),
    )
    running = replace(
        whole,
        primitives=(
            *whole.primitives[:1],
            Primitive("vip1", "ocf", "heartbeat", "IPaddr2", {"ip": "10.0.0.10", "cidr_netmask": "24"}),
            Primitive("vip2", "ocf", "heartbeat", "IPaddr2", {"ip": "10.0.0.11", "cidr_netmask": "24"}),
        ),
        locations=(Location("l", "vip1", rules=(Rule("gate-vip1", -1_000_000, "and", gate),)),),
    )
    asked = requested(words)
    nodes = tuple(replace(finished(n), cib=Known(running)) for n in NAMES)
    assert why in reasons(decide(asked, Snapshot(asked.cluster, nodes)))


def test_a_key_that_nobody_trusts_is_a_reason_that_shows_its_fingerprint() -> None:
    error = HostKeyUnknown(
        "its host key is not trusted yet: SHA256:abc",
        node="n1",
        address="10.0.0.1",
        port=22,
        key="k",
        fingerprint="SHA256:abc",
    )
    fields = {f: Unknown(str(error), error) for f in NodeSnapshot.__slots__ if f != "node"}
    shut = NodeSnapshot(REQUEST.cluster.node("n1"), **fields)
    assert "SHA256:abc" in reasons(decide(REQUEST, snapshot(shut, bare("n2"))))


MAYBE = st.booleans()


@given(
    st.lists(st.sampled_from([f for f in NodeSnapshot.__slots__ if f not in {"node", "vip_ports"}]), unique=True),
    MAYBE,
    MAYBE,
)
def test_whatever_cannot_be_read_is_a_reason_and_never_a_plan(unread: list[str], done: bool, second: bool) -> None:  # noqa: FBT001 - hypothesis hands them in
    node = finished("n2") if done else bare("n2")
    shaken = replace(node, **dict[str, Any](dict.fromkeys(unread, Unknown("n2: broken"))))
    other = finished("n1") if done else bare("n1")
    decision = decide(REQUEST, snapshot(other, shaken) if second else snapshot(shaken, other))
    # whom pcs may command is read on the first node only
    needed = set(unread) - {"haproxy", "links", "quorum", "pcs_version", "host_auth", "node_addresses_in_use"}
    assert isinstance(decision, Refusal) is bool(needed)


def test_whom_pcs_may_command_is_asked_where_the_commands_will_run() -> None:
    blind = Unknown("n1: broken")
    assert "broken" in reasons(decide(REQUEST, snapshot(replace(finished("n1"), host_auth=blind), finished("n2"))))
    other = decide(REQUEST, snapshot(finished("n1"), replace(finished("n2"), host_auth=NOT_ASKED)))
    assert isinstance(other, Plan)
    assert other.steps == ()
