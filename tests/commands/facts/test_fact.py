"""What reading a fact comes to: a value, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from commands.command import Command, Completed, Stream
from commands.errors import CommandFailed, Unreachable, UnreadableOutput
from commands.facts.fact import Fact, Known, NotRunning, Unknown, not_installed, read, spoken
from config.inventory import NodeSpec

N1 = NodeSpec.model_validate({"name": "n1", "addresses": ["10.0.0.1"]})


class OneAnswer:
    """A runner that gives the same answer to every command."""

    def __init__(self, answer: Callable[[NodeSpec, Command], Completed]) -> None:
        self.answer = answer

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        return self.answer(node, command)

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError(node, command)


def ended(status: int, stdout: str = "", stderr: str = "") -> OneAnswer:
    return OneAnswer(lambda node, command: Completed(node.name, command, status, stdout, stderr))


def number(done: Completed) -> int:
    try:
        return int(done.stdout)
    except ValueError:
        raise UnreadableOutput("counter", "it is not a number", done.stdout) from None


NUMBER = Fact(Command(("counter",)), number)


async def test_a_reading_that_succeeds_is_known() -> None:
    assert await read(ended(0, "7\n"), N1, NUMBER) == Known(7)


async def test_an_exit_status_that_is_not_legal_is_unknown_with_the_tools_own_words() -> None:
    reading = await read(ended(3, stderr="no counter here"), N1, NUMBER)
    assert isinstance(reading, Unknown)
    assert isinstance(reading.error, CommandFailed)
    assert reading.why == "n1: `counter` ended with exit status 3"
    assert reading.error.output == "no counter here"


async def test_what_cannot_be_read_is_unknown_and_not_zero() -> None:
    reading = await read(ended(0, "many"), N1, NUMBER)
    assert isinstance(reading, Unknown)
    assert "not a number (it begins: many)" in reading.why


async def test_a_node_that_cannot_be_asked_is_unknown() -> None:
    def lost(node: NodeSpec, command: Command) -> Completed:
        raise Unreachable(f"cannot run {command.shown()}", node=node.name)

    reading = await read(OneAnswer(lost), N1, NUMBER)
    assert isinstance(reading, Unknown)
    assert isinstance(reading.error, Unreachable)
    assert reading.why == "n1: cannot run counter"


async def test_a_defect_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        await read(ended(0, "7"), N1, Fact(Command(("counter",)), lambda done: 1 // len(done.stderr)))


@pytest.mark.parametrize(
    ("status", "stderr", "absent"),
    [
        (127, "", True),
        (1, "sudo: counter: command not found\n", True),
        (1, "sudo: counters: command not found\n", False),
        (1, "sudo: a password is required\n", False),
        (0, "sudo: counter: command not found\n", False),
    ],
)
def test_a_command_that_was_not_found(status: int, stderr: str, absent: bool) -> None:  # noqa: FBT001
    done = Completed("n1", NUMBER.command, status, "", stderr)
    assert not_installed(done) == (NotRunning("counter is not installed") if absent else None)


def test_what_a_tool_said_is_one_line_with_its_errors_first() -> None:
    assert spoken(Completed("n1", NUMBER.command, 1, "half\n  done\n", "oh no\n")) == "oh no half done"
