"""What is read from corosync.conf."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import corosync_conf
from commands.facts.corosync_conf import ConfNode, CorosyncConf, NoConf, Section, sections

Recorded = Callable[[str], Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def read(done: Completed) -> CorosyncConf:
    record = corosync_conf.parse(done)
    assert isinstance(record, CorosyncConf)
    return record


@GENERATIONS
def test_what_pcs_writes_for_two_nodes(recorded: Recorded, debian: int) -> None:
    done = recorded(f"by-hand/debian{debian}/two-nodes/cat-corosync-conf.n1")
    assert read(done) == CorosyncConf(
        cluster_name="web",
        nodes=(ConfNode("n1", 1, ("10.0.0.1",)), ConfNode("n2", 2, ("10.0.0.2",))),
        two_node=True,
        transport="knet",
        logfile="/var/log/corosync/corosync.log",
        digest=hashlib.sha256(done.stdout.encode()).hexdigest(),
    )
    assert not read(done).is_package_leftover


@GENERATIONS
def test_what_pcs_writes_for_two_links(recorded: Recorded, debian: int) -> None:
    conf = read(recorded(f"by-hand/debian{debian}/two-links/cat-corosync-conf.n1"))
    assert [node.addresses for node in conf.nodes] == [
        ("10.0.0.1", "10.1.0.1"),
        ("10.0.0.2", "10.1.0.2"),
        ("10.0.0.3", "10.1.0.3"),
    ]
    assert not conf.two_node


@GENERATIONS
def test_the_packages_own_cluster_is_known(recorded: Recorded, debian: int) -> None:
    package = read(recorded(f"by-hand/debian{debian}/package-just-installed/cat-corosync-conf.n1"))
    assert package.is_package_leftover
    assert package.nodes == (ConfNode("node1", 1, ("127.0.0.1",)),)
    assert not replace(package, cluster_name="web").is_package_leftover
    assert not replace(package, nodes=package.nodes * 2).is_package_leftover


@GENERATIONS
def test_no_file_is_an_answer(recorded: Recorded, debian: int) -> None:
    assert corosync_conf.parse(recorded(f"by-hand/debian{debian}/never-started/cat-corosync-conf.n1")) == NoConf()


def test_a_file_that_may_not_be_read_is_no_absent_one(said: Callable[..., Completed]) -> None:
    with pytest.raises(UnreadableOutput, match="Permission denied"):
        corosync_conf.parse(said(corosync_conf.FACT, status=1, stderr=f"cat: {corosync_conf.PATH}: Permission denied"))


def test_any_change_of_the_text_changes_the_digest(recorded: Recorded) -> None:
    done = recorded("by-hand/debian12/two-nodes/cat-corosync-conf.n1")
    assert read(replace(done, stdout=done.stdout + "# seen\n")).digest != read(done).digest


def test_without_a_log_file(said: Callable[..., Completed]) -> None:
    text = "logging {\n to_logfile: no\n logfile: /var/log/x\n}\ntotem {\n}\n"
    conf = read(said(corosync_conf.FACT, text))
    assert (conf.logfile, conf.transport, conf.cluster_name, conf.nodes) == (None, "knet", "", ())


def test_a_repeated_section_goes_on_and_the_last_of_a_key_counts(said: Callable[..., Completed]) -> None:
    text = "totem {\n  transport: udp\n  cluster_name: a\n}\ntotem {\n  transport: udpu\n}\n"
    conf = read(said(corosync_conf.FACT, text))
    assert (conf.transport, conf.cluster_name) == ("udpu", "a")


def test_nodes_without_name_or_number(said: Callable[..., Completed]) -> None:
    text = "nodelist {\n node {\n  ring0_addr: 10.0.0.1\n }\n}\n"
    assert read(said(corosync_conf.FACT, text)).nodes == (ConfNode("10.0.0.1", None, ("10.0.0.1",)),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("totem {", "section 'totem' is not closed"),
        ("}", "line 1 is neither"),
        ("totem {\n} }", "line 2 is neither"),
        ("{\n}", "line 1 does not open"),
        ("totem { version: 2 }", "line 1 does not open"),
        ("a {\n" * 1000 + "}\n" * 1000, "line 9 does not open"),
        ("# fine\n\nnonsense", "line 3 is neither"),
        ("nodelist {\n node {\n }\n}", "neither name nor address"),
        ("nodelist {\n node {\n  name: n1\n  nodeid: one\n }\n}", "nodeid is 'one'"),
    ],
)
def test_anything_else_is_unreadable(said: Callable[..., Completed], text: str, told: str) -> None:
    with pytest.raises(UnreadableOutput, match=re.escape(told)):
        corosync_conf.parse(said(corosync_conf.FACT, text))


def rendered(section: Section, depth: int = 0) -> str:
    """Write a section as corosync reads it, keys before inner sections."""
    tab = "\t" * depth
    lines = [f"{tab}{key}: {value}\n" for key, value in section.pairs]
    for inner in section.sections:
        lines += [f"{tab}{inner.name} {{\n", rendered(inner, depth + 1), f"{tab}}}\n"]
    return "".join(lines)


words = st.text(st.characters(categories=("L", "N"), include_characters="_-./"), min_size=1, max_size=12)
values = st.one_of(st.just(""), words, st.builds("{}: {}".format, words, words))
inner = st.recursive(
    st.builds(Section, words, st.lists(st.tuples(words, values), max_size=4).map(tuple)),
    lambda deeper: st.builds(
        Section,
        words,
        st.lists(st.tuples(words, values), max_size=3).map(tuple),
        st.lists(deeper, max_size=3).map(tuple),
    ),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(st.lists(inner, max_size=4).map(tuple))
def test_what_is_written_is_read_again(written: tuple[Section, ...]) -> None:
    conf = Section("", (), written)
    assert sections(rendered(conf)) == conf
