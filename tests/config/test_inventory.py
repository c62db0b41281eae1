"""Names and addresses are checked once, here: what passes can stand in an argv."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.inventory import ClusterSpec, FencingSpec, NodeSpec, VipSpec, parse_node

SAFE = re.compile(r"[\w.:/@,;+%^=-]+", re.ASCII)


@pytest.mark.parametrize(
    "text", ["n1", "n1=", "=10.0.0.1", "n1=10.0.0.300", "-n=10.0.0.1", "n 1=10.0.0.1", "n1=127.0.0.1", "n1=0.0.0.0",
             "n1=fe80::1%eth0", "n1=fe80::1", "n1=10.0.0.1,10.0.0.2,10.0.0.3", "n1;reboot=10.0.0.1", "$(id)=10.0.0.1", "ｎ1=10.0.0.1"]
)  # fmt: skip
def test_what_is_no_node_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_node(text)


@pytest.mark.parametrize(
    "text", ["10.0.0.1", "10.0.0.1/33", "10.0.0.1/24@-x", "10.0.0.1/24@a b", "x/24", "10.0.0.1/0", "fe80::1%$(id)/64"]
)
def test_what_is_no_floating_ip_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        VipSpec.parse(text)


def test_a_floating_ip_reads_as_it_is_written() -> None:
    vip = VipSpec.parse("10.0.0.10/24@eth0")
    assert (str(vip), vip.network) == ("10.0.0.10/24@eth0", "10.0.0.0/24")
    assert str(VipSpec.parse("2001:db8::10/64")) == "2001:db8::10/64"


@given(st.text(min_size=1, max_size=40))
def test_whatever_passes_as_a_name_is_safe_in_an_argv(text: str) -> None:
    makers: tuple[Callable[[], str], ...] = (
        lambda: NodeSpec.model_validate({"name": text, "addresses": ["10.0.0.1"]}).name,
        lambda: ClusterSpec.model_validate({"name": text, "nodes": [{"name": "n", "addresses": ["10.0.0.1"]}]}).name,
        lambda: str(VipSpec.parse(text)),
        lambda: FencingSpec(agent=text).agent,
    )
    for make in makers:
        try:
            passed = make()
        except ValueError:
            continue
        assert SAFE.fullmatch(passed)
        assert not passed.startswith("-")


@pytest.mark.parametrize("value", ["$(id)", "`id`", "a\nb", "a|b", "a&b", "a>b", "'", '"', ""])
def test_fence_options_hold_no_shell_syntax(value: str) -> None:
    with pytest.raises(ValidationError):
        FencingSpec(agent="fence_x", options={"k": value})
    with pytest.raises(ValidationError):
        FencingSpec(agent="fence_x", per_node={"n1": {"k": value}})


def test_a_value_that_is_refused_is_not_repeated_since_it_may_be_a_secret() -> None:
    with pytest.raises(ValidationError) as refused:
        FencingSpec(agent="fence_x", options={"password": "c4n4ry$"})
    assert "c4n4ry" not in refused.value.errors(include_input=False)[0]["msg"]


def test_what_fence_agents_need_passes() -> None:
    options = {"pcmk_host_map": "n1:1;n2:2,3", "ip": "10.0.0.9", "password": "secret:ipmi"}
    assert FencingSpec(agent="fence_x", options=options).options == options


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"nodes": [{"name": "a", "addresses": ["10.0.0.1"]}, {"name": "a", "addresses": ["10.0.0.2"]}]}, "same name"),
        (
            {"nodes": [{"name": "a", "addresses": ["10.0.0.1"]}, {"name": "b", "addresses": ["10.0.0.1"]}]},
            "given twice",
        ),
        (
            {"nodes": [{"name": "a", "addresses": ["10.0.0.1", "10.1.0.1"]}, {"name": "b", "addresses": ["10.0.0.2"]}]},
            "same number",
        ),
        ({"vips": [{"address": "10.0.0.1", "prefix": 24}]}, "given twice"),
        ({"nodes": []}, "at least 1"),
        ({"typo": 1}, "not permitted"),
    ],
)
def test_a_cluster_that_makes_no_sense_is_refused(change: dict[str, object], why: str) -> None:
    whole: dict[str, object] = {"name": "web", "nodes": [{"name": "n1", "addresses": ["10.0.0.1"]}]}
    with pytest.raises(ValidationError, match=why):
        ClusterSpec.model_validate({**whole, **change})


@pytest.mark.parametrize("name", ["password", "passwd", "snmp_community", "api_token", "SECRET"])
def test_a_fence_agents_secret_is_never_written_in_clear(name: str) -> None:
    for made in ({"options": {name: "hunter2"}}, {"per_node": {"n1": {name: "hunter2"}}}):
        with pytest.raises(ValidationError, match="looks like a secret"):
            FencingSpec.model_validate({"agent": "fence_x", **made})
    kept = {name: "secret:ipmi", "password_script": "/etc/x"}
    assert FencingSpec(agent="fence_x", options=kept).options == kept


@pytest.mark.parametrize(
    ("fencing", "failover"),
    [
        (None, "approved"),
        ({"agent": "fence_x"}, "automatic"),
        ({"agent": "fence_heuristics_ping"}, "approved"),
        ({"agent": "fence_kdump"}, "approved"),
        ({"agent": "fence_kdump", "kept": ["kdump", "ipmi"]}, "automatic"),
    ],
)
def test_who_moves_floating_ips_follows_from_fencing_unless_it_is_said(
    fencing: dict[str, object] | None, failover: str
) -> None:
    whole: dict[str, object] = {"name": "web", "nodes": [{"name": "n1", "addresses": ["10.0.0.1"]}], "fencing": fencing}
    undecided = ClusterSpec.model_validate(whole)
    assert undecided.failover == failover
    assert ClusterSpec.model_validate_json(undecided.model_dump_json()) == undecided
    for said in ("approved", "automatic"):
        assert ClusterSpec.model_validate({**whole, "failover": said}).failover == said


def test_devices_that_are_kept_have_their_options_in_the_cluster() -> None:
    assert FencingSpec(agent="fence_x", kept=("ipmi-n1", "ipmi-n2")).kept == ("ipmi-n1", "ipmi-n2")
    with pytest.raises(ValidationError, match="leave out `options`"):
        FencingSpec(agent="fence_x", kept=("ipmi-n1",), options={"ip": "10.9.0.1"})
    with pytest.raises(ValidationError, match="resource's id"):
        FencingSpec(agent="fence_x", kept=("$(id)",))
