"""A change that nobody waits for any more is found by what it runs under, and only while it runs."""

from __future__ import annotations

import subprocess

import pytest

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.under_way import FACT
from commands.ssh.remote_line import remote_line


def seen() -> tuple[str, ...]:
    """Ask this machine, as a node is asked."""
    done = subprocess.run(FACT.command.argv, capture_output=True, text=True, check=True)
    return FACT.parse(Completed("n1", FACT.command, 0, done.stdout, done.stderr))


@pytest.mark.parametrize("changes", [True, False])
def test_a_change_is_seen_while_it_runs_and_a_look_is_not(changes: bool) -> None:  # noqa: FBT001
    words = ("sh", "-c", "echo on; read -r line", "a change" if changes else "a look")
    line = remote_line(Command(words, timeout=60, changes=changes), "root")
    with subprocess.Popen(["sh", "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        assert (" ".join(words) in seen()) is changes
        process.stdin.close()
    assert " ".join(words) not in seen()


def test_the_command_is_told_without_what_it_runs_under() -> None:
    said = "change timeout -k 5 150 pcs cluster destroy \nchange timeout -k 5 60 setsid sudo -n -- pcs host auth n1 \nend\n"
    assert FACT.parse(Completed("n1", FACT.command, 0, said, "")) == ("pcs cluster destroy", "pcs host auth n1")


def test_an_answer_that_was_cut_short_is_none() -> None:
    with pytest.raises(UnreadableOutput):
        FACT.parse(Completed("n1", FACT.command, 0, "change timeout -k 5 150 pcs", ""))
