"""What a setup is asked for in words: a request, or all that is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.errors import UsageError
from commands.verbs.setup.request import OPTIONS, PASSWORD, USAGE, parse
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import parse as parse_words
from commands.verbs.words import tokens
from tests.commands.verbs.setting_up import FILES, REQUEST, WORDS, NoNodes, named, requested


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
