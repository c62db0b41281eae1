"""The form of `setup`: what is filled in asks for the same as what would have been typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.errors import UsageError
from commands.verbs.setup.form import BY_FENCING, FORM, from_form
from commands.verbs.setup.request import OPTIONS, USAGE, SetupRequest, parse
from commands.verbs.verb import Desk
from commands.verbs.words import parse as sorted_out
from commands.verbs.words import tokens
from tests.commands.doubles import NoRunner

CONFIG = "frontend www\n    bind *:80\n    bind :::80 v6only\n"


def request(text: str) -> SetupRequest:
    verb, *rest = tokens(text)
    assert verb == "setup"
    return parse(sorted_out(rest, OPTIONS, USAGE), Desk({}, NoRunner(), secret=lambda _: "x", file=lambda _: CONFIG))


VIPS = ["10.0.0.10/24", "10.0.0.11/24@eth0", "2001:db8::10/64"]
NODES = ["n1=10.0.0.1", "n2=10.0.0.2", "n3.example=10.0.0.3"]
SPACE = st.sampled_from(["", " ", "  ", "\n"])


@given(
    st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}", fullmatch=True),
    st.lists(st.sampled_from(NODES), min_size=2, max_size=3, unique=True),
    st.lists(st.sampled_from(VIPS), unique=True),
    st.sampled_from(["none", "fence_ipmilan"]),
    st.sampled_from([None, "haproxy.cfg"]),
    st.sampled_from(["", BY_FENCING, "approved", "automatic"]),
    st.sampled_from(["", "yes"]),
    SPACE,
)
def test_a_filled_in_form_asks_for_what_its_words_would(
    name: str,
    nodes: list[str],
    vips: list[str],
    fencing: str,
    config: str | None,
    failover: str,
    ticked: str,
    space: str,
) -> None:
    options = (
        []
        if fencing == "none"
        else ["username=me", "password=secret:ipmi", f"{nodes[0].partition('=')[0]}:ip=10.9.0.1"]
    )
    values = {
        "name": space + name,
        "nodes": space + "\n".join(nodes),
        "vips": "\n".join(vips) + space,
        "fencing": fencing,
        "fence_options": "\n".join(options),
        "failover": failover,
        "haproxy_cfg": config or "",
        "accept_split_brain": "yes",
        "new_password": ticked,
    }
    typed = ["setup", name, *nodes, f"--fencing {fencing}", "--accept-split-brain", *(f"--vip {vip}" for vip in vips)]
    typed += [f"--failover {failover}"] if failover in {"approved", "automatic"} else []
    typed += ["--new-password"] if ticked else []
    typed += [f'--fence-option "{option}"' for option in options]
    typed += [f"--haproxy-cfg {config}"] if config else []
    words, wrong = from_form(values)
    assert wrong == {}
    filled, said = request(words), request(" ".join(typed))
    assert filled.cluster == said.cluster
    assert filled.haproxy_cfg == said.haproxy_cfg
    assert filled.new_password == said.new_password == bool(ticked)
    assert filled.fencing_secrets == said.fencing_secrets


def test_what_is_typed_with_curly_quotes_is_not_taken_apart() -> None:
    sly = "username=a\u2019 --accept-split-brain --failover automatic \u2019b"
    words, wrong = from_form(
        {"name": "web", "nodes": "n1=10.0.0.1 n2=10.0.0.2", "fencing": "fence_x", "fence_options": sly}
    )
    assert list(wrong) == ["fence_options"]
    assert "--failover" not in tokens(words)
    with pytest.raises(UsageError, match="not an option's value"):
        request(words)


def test_the_box_that_accepts_the_risk_is_the_flag() -> None:
    values = {"name": "web", "nodes": "n1=10.0.0.1 n2=10.0.0.2", "fencing": "none", "failover": "automatic"}
    words, _ = from_form({**values, "accept_split_brain": "yes"})
    assert request(words).cluster.failover == "automatic"


@pytest.mark.parametrize(("fencing", "failover"), [("none", "approved"), ("fence_x", "automatic")])
def test_failover_left_to_fencing_is_what_the_words_would_leave_to_it(fencing: str, failover: str) -> None:
    values = {"name": "web", "nodes": "n1=10.0.0.1 n2=10.0.0.2", "fencing": fencing}
    (chosen,) = [field.initial for field in FORM.fields if field.id == "failover"]
    words, wrong = from_form({**values, "failover": chosen})
    assert wrong == {}
    assert request(words).cluster.failover == failover


def test_each_mistake_stands_at_its_field() -> None:
    _, wrong = from_form(
        {
            "name": "a b",
            "nodes": "n1",
            "vips": "10.0.0.1",
            "fencing": "x y",
            "fence_options": "username",
            "failover": "maybe",
            "haproxy_cfg": "../etc/passwd",
        }
    )
    assert set(wrong) == {"name", "nodes", "vips", "fencing", "fence_options", "failover", "haproxy_cfg"}
    assert all(0 < len(sentence) <= 150 for sentence in wrong.values())


@given(st.dictionaries(st.sampled_from([field.id for field in FORM.fields]), st.text(max_size=80)))
def test_any_answers_give_words_that_are_one_request_and_faults_that_have_a_field(values: dict[str, str]) -> None:
    words, wrong = from_form(values)
    assert words.startswith("setup ")
    assert set(wrong) <= {field.id for field in FORM.fields}


def test_the_form_asks_for_everything_a_setup_needs() -> None:
    required = {field.id for field in FORM.fields if field.required}
    assert {"name", "nodes", "fencing"} <= required
    assert len({field.id for field in FORM.fields}) == len(FORM.fields)
