"""What a newcomer is told where `make run` cannot do what was asked: a sentence and a way on, never a traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from sandbox.lab import host
from sandbox.run import cli


def test_a_port_that_is_taken_is_named_with_a_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        status = cli.main(["--port", str(taken)])

    assert status == 1
    told = capsys.readouterr().err
    assert told == (
        f"sandbox: the page cannot be at port {taken} (Address already in use): choose another, as in PORT=8081\n"
    )


def test_real_nodes_without_root_are_refused_with_the_reason(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert cli.main(["--lab"]) == 1
    assert "the lab needs root" in capsys.readouterr().err


def test_real_nodes_on_a_machine_without_the_tools_say_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host, "PREREQUISITES", {"no-such-program-here": "its-package"})

    assert cli.main(["--lab"]) == 1
    assert "apt-get install its-package" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["--port", "99999"], "a number up to 65535"),
        (["--port", "-1"], "a number up to 65535"),
        (["--debian", "13"], "add --lab (LAB=1)"),
        (["--lab", "--debian", "10"], "choose from"),
    ],
)
def test_mistaken_options_are_refused_before_anything_starts(
    argv: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(argv)

    assert refused.value.code == 2
    assert why in capsys.readouterr().err


def test_the_lab_runs_with_the_systems_python_alone() -> None:
    """It has to come up before anything is installed: an isolated Python sees no packages."""
    told = subprocess.run([sys.executable, "-S", "-m", "sandbox", "lab", "--help"], capture_output=True, check=True)

    assert b"Real cluster nodes" in told.stdout
