"""What a setup is asked for in words: a request, or all that is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.errors import UsageError
from commands.plan import Plan
from commands.report import Level
from commands.snapshot import Snapshot
from commands.verbs.setup.request import OPTIONS, PASSWORD, USAGE, parse
from commands.verbs.setup.verb import decide
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import parse as parse_words
from commands.verbs.words import tokens
from config.inventory import ClusterSpec, VipSpec, parse_node
from tests.commands.verbs.setting_up import FILES, REQUEST, WORDS, NoNodes, bare, named, requested


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "say which cluster"),
        ("web n1=10.0.0.1 --fencing none", "at least two nodes"),
        ("web n1=10.0.0.1 n2=10.0.0.2", "say how a lost node is fenced"),
        ("web n1=10.0.0.1 n2=10.0.0.999 --vip 10.0.0.10 --fencing none", "10.0.0.999.*needs its prefix"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing none --failover automatic", "split brain"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing fence_ipmilan --fence-option password=x", "looks like a secret"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing fence_ipmilan --fence-option password=secret:none", "no secret called"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing fence_x --fence-option nX:ip=10.0.9.9", "nX has options"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing rm -rf", "no option `-rf`"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing rm", "fence agent"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing none --haproxy-cfg ../../etc/passwd", "plain file name"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing none --haproxy-cfg local.cfg", "no `bind` that others can reach"),
        ("we;b n1=10.0.0.1 n2=10.0.0.2 --fencing none", "cluster name"),
    ],
)
def test_a_request_that_cannot_be_is_refused_in_words(words: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        requested(words)


WRONG_IN_MANY_WAYS = (
    "web n1=10.0.0.1 n2=10.0.0.2 --vip 10.0.0.10/24 --fencing fence_kdump --failover automatic --haproxy-cfg no.cfg "
    "--fence-option a=secret:one --fence-option b=secret:two"
)


@pytest.mark.parametrize("malformed", ["", "we;b", "--vip 10.0.0.11"])
def test_all_that_is_wrong_with_a_request_comes_in_one_answer_each_at_its_field(malformed: str) -> None:
    other = ClusterSpec(name="db", nodes=(parse_node("d1=10.9.0.1"),), vips=(VipSpec.parse("10.0.0.10/24"),))
    third = ClusterSpec(name="mail", nodes=(parse_node("m1=10.0.0.2"),))
    clusters = {one.name: Declared(one, "slack") for one in (other, third)}
    desk = Desk(clusters, NoNodes(), file=named("file", FILES), secret=named("secret", {}))
    words = WRONG_IN_MANY_WAYS.replace("web", malformed) if ";" in malformed else f"{WRONG_IN_MANY_WAYS} {malformed}"
    with pytest.raises(UsageError) as refused:
        parse(parse_words(tokens(words), OPTIONS, USAGE), desk)
    told = str(refused.value)
    for why in (
        "10.0.0.10 belongs to the cluster `db`",
        "10.0.0.2 belongs to the cluster `mail`",
        "fence_kdump switches no node off",
        "no file called 'no.cfg'",
        "no secret called 'one'",
        "no secret called 'two'",
    ):
        assert told.count(why) == 1, why
    assert refused.value.remedy.count("Choose another address.") == 1
    assert "add `--accept-split-brain`" in refused.value.remedy
    assert refused.value.remedy.endswith(f"Usage: `/hacluster {USAGE}`") is bool(malformed)
    at = refused.value.fields
    assert set(at) - {"name"} == {"nodes", "vips", "failover", "haproxy_cfg", "fence_options"}
    assert "'one'" in at["fence_options"]
    assert "'two'" in at["fence_options"]
    assert "accept it below" in at["failover"]


def test_what_cannot_be_read_is_not_taken_for_no_fencing() -> None:
    with pytest.raises(UsageError, match="fence agent") as refused:
        requested("web n1=10.0.0.1 n2=10.0.0.2 --fencing rm --failover automatic")
    assert set(refused.value.fields) == {"fencing"}


@pytest.mark.parametrize("agent", ["fence_heuristics_ping", "fence_kdump"])
def test_an_agent_that_cuts_no_power_leaves_failover_to_people_unless_the_risk_is_taken(agent: str) -> None:
    words = f"web n1=10.0.0.1 n2=10.0.0.2 --vip 10.0.0.10/24 --haproxy-cfg haproxy.cfg --fencing {agent}"
    assert requested(words).cluster.failover == "approved"
    taken = requested(f"{words} --failover automatic --accept-split-brain")
    decision = decide(taken, Snapshot(taken.cluster, (bare("n1"), bare("n2"))))
    assert isinstance(decision, Plan)
    assert [risk.text[:21] for risk in decision.risks if risk.level is Level.CRITICAL] == ["split brain accepted:"]


def test_an_address_of_another_cluster_is_refused_even_while_it_answers_nobody() -> None:
    other = REQUEST.cluster.model_copy(update={"name": "db"})
    desk = Desk({"db": Declared(other, "slack")}, NoNodes(), file=named("file", FILES), secret=named("secret", {}))
    words = WORDS.replace("10.0.0.1 ", "10.0.0.3 ").replace("10.0.0.2 ", "10.0.0.4 ")
    with pytest.raises(UsageError, match=r"10\.0\.0\.10 and 10\.0\.0\.11 belong to the cluster `db`"):
        parse(parse_words(tokens(words), OPTIONS, USAGE), desk)


@given(st.text(max_size=200))
def test_any_words_give_a_request_or_a_usage_error(text: str) -> None:
    try:
        made = requested(text)
    except UsageError as refused:
        told = str(refused)
    else:
        told = made.cluster.name
    assert 0 < len(told) < 1000


def test_the_password_that_is_given_is_the_one_that_is_set_and_without_one_nobody_could_guess_it() -> None:
    assert requested(secrets={PASSWORD: "correct horse"}).password == "correct horse"
    assert len(requested().password) >= 24
    assert requested().password != requested().password


@pytest.mark.parametrize("given", ["", "two\nroot:lines", "tab\tbed", "nul\0"])
def test_a_password_that_chpasswd_would_take_for_something_else_is_refused_and_not_told(given: str) -> None:
    with pytest.raises(UsageError, match="hacluster_password is not one line of text") as refused:
        requested(secrets={PASSWORD: given})
    assert "root" not in str(refused.value)


def test_a_password_that_is_there_and_cannot_be_read_is_no_reason_to_make_one_up() -> None:
    def unreadable(name: str) -> str:
        raise UsageError(f"{name!r} of secrets_dir cannot be read: Permission denied")

    desk = Desk({}, NoNodes(), file=named("file", FILES), secret=unreadable)
    with pytest.raises(UsageError, match="Permission denied"):
        parse(parse_words(tokens(WORDS), OPTIONS, USAGE), desk)
