"""Which changes of ours still run on a node: a command that was sent goes on when the bot that sent it is gone.

`commands.ssh` marks each command that changes a node in its environment, `CHANGE_MARK`, which nothing but the processes of that
command has. The one to look for is `timeout`, the command's own parent: it stays until the command ends, and is there
under sudo too, which clears the environment of what it runs.
"""

from __future__ import annotations

from commands.command import CHANGE_MARK, Command, Completed
from commands.facts.fact import Fact
from commands.facts.tagged import tagged

_WRAPPED = 4
"""Words before the command: `timeout -k 5 30`."""
_PRIVILEGES = ("setsid", "sudo", "-n", "--")

# A process that ends while it is looked at is none. Words with spaces in them need not be told apart here.
_FIND = """
for environ in $(grep -lsz "^$1\\$" /proc/[0-9]*/environ); do
    process=${environ%/environ}
    read -r name 2>/dev/null <"$process/comm" && [ "$name" = timeout ] || continue
    words=$(tr '\\000\\n' '  ' 2>/dev/null <"$process/cmdline") && echo "change $words"
done
echo end
"""


def parse(done: Completed) -> tuple[str, ...]:
    """Return the commands, as they were sent. Raises `UnreadableOutput`."""
    return tuple(_sent(words) for kind, words in tagged("/proc/*/environ", done.stdout) if kind == "change")


def _sent(words: str) -> str:
    argv = words.split()[_WRAPPED:]
    return " ".join(argv[len(_PRIVILEGES) :] if tuple(argv[: len(_PRIVILEGES)]) == _PRIVILEGES else argv)


FACT: Fact[tuple[str, ...]] = Fact(Command(("sh", "-c", _FIND, "sh", CHANGE_MARK)), parse)
