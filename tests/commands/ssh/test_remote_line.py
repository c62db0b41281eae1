"""The line sshd hands to a shell says the same argv again, whatever is in it."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.command import Command
from commands.ssh import remote_line
from commands.ssh.remote_line import stream_line

WORDS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=6
)
NASTY = st.sampled_from(
    ["", "-n", "--", "$(id)", "`id`", "a'b", 'a"b', "a\nb", "*", "~", "#", "!", "\\", "&&", "{a,b}", "é"]
)


@settings(deadline=None)
@given(words=WORDS | st.lists(NASTY, min_size=1, max_size=6))
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_every_argv_survives_a_real_shell(shell: str, words: list[str]) -> None:
    line = remote_line(Command(("printf", r"%s\0", *words)), "root")
    printed = subprocess.run([shell, "-c", line], capture_output=True, check=True).stdout
    assert printed.decode().split("\0")[:-1] == words


@given(words=WORDS)
def test_sudo_is_given_the_command_itself(words: list[str]) -> None:
    command = Command(("pcs", *words), timeout=20)
    expected = ["timeout", "-k", "5", "20", "setsid", "sudo", "-n", "--", *command.argv]
    assert shlex.split(remote_line(command, "bot"))[-len(expected) :] == expected


def test_root_and_commands_without_privileges_need_no_sudo() -> None:
    assert "sudo" not in remote_line(Command(("pcs", "status")), "root")
    assert "sudo" not in remote_line(Command(("uname",), root=False), "bot")


@pytest.mark.parametrize(("seconds", "written"), [(20.0, "20"), (0.5, "0.5"), (1200, "1200"), (1 / 3, "0.333")])
def test_the_time_limit_is_written_plainly(seconds: float, written: str) -> None:
    line = remote_line(Command(("true",), timeout=seconds), "root", kill_after=0.25)
    assert line.endswith(f" timeout -k 0.25 {written} true")


def test_a_stream_is_not_ended_by_the_clock() -> None:
    command = Command(("journalctl", "-f"))
    assert stream_line(command, "bot") == remote_line(command, "bot").replace("timeout -k 5 20 setsid ", "")


def test_the_environment_is_the_same_everywhere() -> None:
    line = remote_line(Command(("env",)), "root")
    surroundings = {
        "PATH": "/usr/bin",
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "de_DE.UTF-8",
        "LANGUAGE": "de",
        **dict.fromkeys(
            ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://p"
        ),
    }
    printed = subprocess.run(["sh", "-c", line], capture_output=True, check=True, text=True, env=surroundings).stdout
    seen = dict(line.split("=", 1) for line in printed.splitlines())
    assert (seen["LC_ALL"], seen["LANGUAGE"]) == ("C", "C")
    assert {"/usr/sbin", "/sbin", "/usr/bin", "/bin"} <= set(seen["PATH"].split(":"))
    assert not [name for name in seen if "proxy" in name.lower()]
