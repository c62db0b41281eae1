"""The question to sudo, asked in a real shell of a sudo that allows what the test says."""

from __future__ import annotations

import os
import subprocess
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bot.check.permitted import check_permitted
from bot.sudoers import changes, questions
from commands.command import Command, Completed, Stream
from commands.report import Level
from config.inventory import NodeSpec, parse_node

# as sudo 1.9.13 was seen to do: 1 and not a word for what is not allowed
_SUDO = """#!/bin/sh
[ "$1 $2 $3" = "-n -l --" ] || exit 2
shift 3
grep -qxF -- "$*" "$(dirname "$0")/allowed"
"""


class Shell:
    """A node that is this machine's shell, with the programs of a folder and no others."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        environment = {**os.environ, "PATH": str(self._programs)}
        argv = ("/bin/sh", *command.argv[1:])
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=30)  # noqa: ASYNC221 - over at once
        return Completed(node.name, command, done.returncode, done.stdout, done.stderr)

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError(f"nothing is streamed from {node.name}: {command.argv}")


async def test_what_is_there_and_refused_is_told_and_what_is_not_there_is_no_fault(tmp_path: Path) -> None:
    for program in ("sudo", "env", "crm_mon", "crm_resource", "chpasswd"):
        (tmp_path / program).write_text(_SUDO)
        (tmp_path / program).chmod(0o755)
    for needed in ("grep", "dirname"):
        (tmp_path / needed).symlink_to(f"/usr/bin/{needed}")
    by_env = sorted(each for each in questions(changes()) if each.startswith("env "))
    assert "env DEBIAN_FRONTEND=noninteractive apt-get --version" in by_env
    (tmp_path / "allowed").write_text("\n".join(("crm_resource", *by_env)))
    found = await check_permitted("web/n1", parse_node("n1=10.0.0.1"), Shell(tmp_path), "ops")
    assert [(finding.level, finding.text) for finding in found] == [
        (Level.CRITICAL, "sudo refuses what the bot needs to look: `crm_mon`"),
        (Level.WARNING, "sudo refuses what only changes need: `chpasswd`"),
    ]
