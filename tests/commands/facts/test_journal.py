"""One line of the journal, whatever is in it; and the stream that never passes over one."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.errors import UnreadableOutput
from commands.facts import journal
from commands.facts.journal import Begin, Entry

CURSOR = "s=d20d;i=257;b=575e;m=327849f8b;t=660f03877d663;x=39270c23bb3db977"
FIELDS = {
    "__CURSOR": CURSOR,
    "__REALTIME_TIMESTAMP": "1795434713276505",
    "_BOOT_ID": "575e0312bbf14ec99388d1ff102c7c06",
    "SYSLOG_IDENTIFIER": "corosync",
    "_SYSTEMD_UNIT": "corosync.service",
    "_PID": "597",
    "MESSAGE": "  [KNET  ] link: host: 2 link: 0 is down",
}


def entry(**fields: object) -> Entry:
    return journal.parse(json.dumps({**FIELDS, **fields}))


def test_an_entry_is_read() -> None:
    assert entry() == Entry(
        cursor=CURSOR,
        boot="575e0312bbf14ec99388d1ff102c7c06",
        at=1795434713.276505,
        unit="corosync.service",
        identifier="corosync",
        pid=597,
        message="  [KNET  ] link: host: 2 link: 0 is down",
    )


@pytest.mark.parametrize(
    ("message", "read"),
    [
        ([98, 255, 114], "b\ufffdr"),
        ([], ""),
        (None, None),
        (["first", "second"], "first"),
        ([[104, 105], "second"], "hi"),
        ("half a pair \ud800", "half a pair ?"),
    ],
    ids=["not-utf8", "empty", "too-large", "twice", "twice-and-not-utf8", "half-a-surrogate"],
)
def test_a_message_in_any_shape_that_journalctl_gives_it(message: object, read: str | None) -> None:
    assert entry(MESSAGE=message).message == read


def test_what_systemd_says_of_a_unit_is_about_that_unit() -> None:
    said = entry(SYSLOG_IDENTIFIER="systemd", _SYSTEMD_UNIT="init.scope", UNIT="corosync.service", _PID="1")
    assert (said.unit, said.pid) == ("corosync.service", 1)


def test_fields_that_may_be_missing() -> None:
    bare = {name: value for name, value in FIELDS.items() if name.startswith("__") or name == "_BOOT_ID"}
    read = journal.parse(json.dumps(bare))
    assert (read.unit, read.identifier, read.pid, read.message) == ("", "", None, "")


@pytest.mark.parametrize(
    "line",
    [
        "",
        ".",
        "[]",
        "null",
        '{"__CURSOR": ',
        "[" * 100_000,
        json.dumps({**FIELDS, "__CURSOR": None}),
        json.dumps({**FIELDS, "_BOOT_ID": 7}),
        json.dumps({**FIELDS, "__CURSOR": "\ud800"}),
        json.dumps({**FIELDS, "__REALTIME_TIMESTAMP": "soon"}),
        json.dumps({**FIELDS, "__REALTIME_TIMESTAMP": "9" * 5000}),
        json.dumps({**FIELDS, "_PID": "-1"}),
        json.dumps({**FIELDS, "MESSAGE": {}}),
        json.dumps({**FIELDS, "MESSAGE": [256]}),
        json.dumps({**FIELDS, "MESSAGE": [True]}),
        json.dumps({**FIELDS, "MESSAGE": [[[["deep"]]]]}),
    ],
)
def test_anything_else_is_unreadable(line: str) -> None:
    with pytest.raises(UnreadableOutput):
        journal.parse(line)


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.text(max_size=200) | st.dictionaries(st.sampled_from(list(FIELDS)), values).map(lambda d: json.dumps(FIELDS | d))
)
def test_of_any_line(line: str) -> None:
    with suppress(UnreadableOutput):
        read = journal.parse(line)
        (read.cursor + read.boot + read.unit + read.identifier + (read.message or "")).encode()
        assert read.suppressed is None or read.identifier == "systemd-journald"


def test_journald_says_what_it_dropped() -> None:
    said = {"SYSLOG_IDENTIFIER": "systemd-journald", "_SYSTEMD_UNIT": "systemd-journald.service"}
    assert entry(**said, MESSAGE="Suppressed 61 messages from pacemaker.service").suppressed == (
        61,
        "pacemaker.service",
    )
    assert entry(**said, MESSAGE=f"Suppressed {'9' * 5000} messages from x").suppressed == (int("9" * 18), "x")
    assert entry(**said, MESSAGE="Journal stopped").suppressed is None
    assert entry(MESSAGE="Suppressed 61 messages from pacemaker.service").suppressed is None, "corosync cannot say so"


def test_the_first_line_tells_the_nodes_clock_and_where_its_journal_is() -> None:
    assert journal.begin("begin 1795435128.854440714 persistent") == Begin(1795435128.8544407, "persistent")
    assert journal.begin("begin 1795435128 volatile") == Begin(1795435128.0, "volatile")
    for other in ("begin", "begin x none", "begin 1 elsewhere", ".", json.dumps(FIELDS)):
        assert journal.begin(other) is None


def test_a_cursor_knows_when_it_was_written() -> None:
    assert journal.written_at("s=1;t=660f03877d663;x=1") == int("660f03877d663", 16) / 1_000_000
    assert journal.written_at("of another make") is None


def test_it_is_resumed_at_the_entry_seen_last_or_begun_with_the_last_there_is() -> None:
    resumed = journal.follow("s=1;i=2").argv
    assert "--cursor=s=1;i=2" in resumed
    assert "--no-tail" in resumed
    assert not any("after-cursor" in word for word in resumed), "it passes over a line where the cursor is gone"
    assert journal.follow(None).argv[-1] == "--lines=1"
    assert journal.follow(None).argv[:3] == resumed[:3], "what varies are arguments"
