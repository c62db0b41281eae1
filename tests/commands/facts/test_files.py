"""Files on a node, to the byte."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.command import Completed
from commands.errors import CommandFailed, UnreadableOutput
from commands.facts import files
from commands.facts.fact import Fact
from commands.facts.files import FileText

Recorded = Callable[[str], Completed]
Said = Callable[..., Completed]
T = TypeVar("T")


def here(fact: Fact[T]) -> T:
    """Read a fact of the machine that runs the tests."""
    ran = subprocess.run(fact.command.argv, capture_output=True, text=True, timeout=20, check=False)
    return fact.parse(Completed("here", fact.command, ran.returncode, ran.stdout, ran.stderr).check())


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_recorded(recorded: Recorded, debian: int) -> None:
    at = f"hosts/debian{debian}/bare"

    assert files.read("/etc/hostname").parse(recorded(f"{at}/hostname-file.n1")) == FileText(
        present=True, text="n1\n", mode="644", owner="root:root"
    )
    assert files.read("/etc/no-such-file").parse(recorded(f"{at}/no-file.n1")) == FileText(present=False)
    assert files.exists(("/etc/hostname", "/etc/no-such-file")).parse(recorded(f"{at}/exists.n1")) == {
        "/etc/hostname": True,
        "/etc/no-such-file": False,
    }


@pytest.mark.parametrize(
    "text", ["", "end\n", "a\r\nb", "no newline at the end", "tab\t $(id) `id` 'x' \"y\" ü €\n" * 50]
)
def test_a_file_comes_back_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a file; with 'spaces'"
    path.write_bytes(text.encode())
    path.chmod(0o600)

    found = here(files.read(str(path)))

    assert (found.present, found.text, found.mode) == (True, text, "600")


def test_what_is_not_a_small_text_file_is_a_failed_reading(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (files.LARGEST + 1))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(CommandFailed):
        here(files.read(str(tmp_path)))
    with pytest.raises(CommandFailed, match="exit status 1"):
        here(files.read(str(tmp_path / "large")))
    with pytest.raises(UnreadableOutput):
        here(files.read(str(tmp_path / "binary")))


def test_which_paths_are_there(tmp_path: Path) -> None:
    (tmp_path / "-e").touch()
    names = (str(tmp_path / "-e"), str(tmp_path / "b"), str(tmp_path))

    assert here(files.exists(names)) == dict(zip(names, (True, False, True), strict=True))
    assert here(files.exists(())) == {}


@given(st.text())
def test_any_text_survives(text: str) -> None:
    fact = files.read("/etc/x")
    carried = base64.b64encode(text.encode(errors="surrogatepass")).decode()
    done = Completed("n1", fact.command, 0, f"mode 644\nowner root:root\nbase64 {carried}\nend\n", "")

    try:
        assert fact.parse(done).text == text
    except UnreadableOutput:
        assert any("\ud800" <= letter <= "\udfff" for letter in text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mode 644\nowner root:root\nbase64 bjEK\n",
        "mode 644\nowner root:root\nend\n",
        "mode 644\nowner root:root\nbase64 bjE*\nend\n",
        "owner root:root\nbase64 bjEK\nend\n",
    ],
)
def test_half_a_file_is_no_file(said: Said, text: str) -> None:
    fact = files.read("/etc/x")
    with pytest.raises(UnreadableOutput):
        fact.parse(said(fact, text))


@pytest.mark.parametrize("text", ["yes\nend", "yes\nno\nno\nend", "yes\nmaybe\nend", "yes\nno\n"])
def test_an_answer_for_each_path(said: Said, text: str) -> None:
    fact = files.exists(("/a", "/b"))
    with pytest.raises(UnreadableOutput):
        fact.parse(said(fact, text))
