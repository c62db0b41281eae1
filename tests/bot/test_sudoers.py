"""The sudoers file holds what the bot runs: all of it, and nothing else."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import cli
from bot.sudoers import changes, reads, sudoers

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config" / "sudoers.example"


def entries(text: str) -> set[str]:
    """Return the commands that a sudoers file allows."""
    aliases = (line for line in text.replace("\\\n", "").splitlines() if line.startswith("Cmnd_Alias"))
    return {" ".join(entry.split()) for line in aliases for entry in line.partition("=")[2].split(", ")}


def test_the_committed_example_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(cli.app, ["sudoers"])
    assert printed.exit_code == 0
    assert EXAMPLE.read_text() == printed.output, "write it anew: hacluster sudoers > config/sudoers.example"


def test_every_root_command_is_in_it_by_its_full_path() -> None:
    allowed = {entry.split()[0] for entry in entries(sudoers())}
    for command in (*reads(), *changes()):
        listed = [path for path in allowed if path.rpartition("/")[2] == command.argv[0]]
        assert len(listed) == (1 if command.root else len(listed)), command.argv
        assert all(path.startswith(("/usr/bin/", "/usr/sbin/")) for path in listed)


def test_commands_that_need_no_root_add_nothing() -> None:
    programs = {entry.split()[0].rpartition("/")[2] for entry in entries(sudoers())}
    assert programs == {command.argv[0] for command in (*reads(), *changes()) if command.root}
    assert "date" not in programs


def test_env_is_allowed_with_the_program_behind_it_only() -> None:
    allowed = {entry for entry in entries(sudoers()) if entry.startswith("/usr/bin/env")}
    assert "/usr/bin/env DEBIAN_FRONTEND\\=noninteractive apt-get *" in allowed
    assert "/usr/bin/env" not in allowed
    assert "timeout" not in sudoers()


def _written_out(source: str) -> Iterator[str]:
    """Yield the program of each `Command((…))` and `change(…)` that names it and runs it as root."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        if any(keyword.arg == "root" for keyword in node.keywords):
            continue
        first = node.args[0]
        if node.func.id == "Command" and isinstance(first, ast.Tuple):
            first = first.elts[0]
        elif node.func.id != "change":
            continue
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def test_no_command_written_anywhere_in_the_source_is_missing() -> None:
    programs = {entry.split()[0].rpartition("/")[2] for entry in entries(sudoers())}
    written = {
        program
        for folder in ("bot", "commands")
        for file in (ROOT / folder).rglob("*.py")
        for program in _written_out(file.read_text())
    }
    assert {"pcs", "sh", "crm_attribute", "chpasswd"} <= written, "the search itself finds nothing any more"
    assert written <= programs


def test_the_login_is_the_one_asked_for() -> None:
    printed = CliRunner().invoke(cli.app, ["sudoers", "--login", "ops"])
    assert "\nops ALL=(root) NOPASSWD: " in printed.output
    assert "hacluster-bot ALL" not in printed.output


@pytest.mark.parametrize("login", ["", "a b", "a,b", "ALL=x", "%wheel", "#0", "a\nb", "ADMIN", "-x"])
def test_what_would_mean_something_else_in_sudoers_is_no_login(login: str) -> None:
    assert CliRunner().invoke(cli.app, ["sudoers", "--login", login]).exit_code == 2


@pytest.mark.skipif(shutil.which("visudo") is None, reason="needs sudo's visudo")
def test_sudo_itself_can_read_it() -> None:
    checked = subprocess.run(
        ("visudo", "--check", "--strict", "--file=-"), input=sudoers(), capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
