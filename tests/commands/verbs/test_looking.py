"""What a change is decided on: the fields it names, and those that it asks for once it has seen them."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from commands.command import Command
from commands.facts.fact import NOT_ASKED, Fact, Known
from commands.plan import NothingToDo
from commands.snapshot import Snapshot
from commands.verbs.verb import Change
from tests.commands.test_snapshot import WEB, Answering

REQUEST = SimpleNamespace(cluster=WEB)
PORTS: Fact[str] = Fact(Command(("true",)), lambda done: done.stdout.upper())


def curious(_: Any, seen: Snapshot) -> Mapping[str, Fact[Any]]:
    return {"vip_ports": PORTS} if any(True for _ in seen.known("under_way")) else {}


def change(reads: tuple[str, ...]) -> Change:
    return Change(reads, lambda *_: NothingToDo("x", "x"), curious)


async def test_what_is_asked_for_besides_is_read_after_and_joins_what_was_read() -> None:
    runner = Answering({"n1": "end\n", "n2": "end\n"})
    seen = await change(("units",)).look(REQUEST, runner, ("under_way", "units"))
    assert [name for name, _ in runner.asked[-2:]] == ["n1", "n2"]
    assert len(runner.asked) == 6, "each field once"
    for node in seen.nodes:
        assert repr(node.vip_ports) == repr(Known("END\n"))
        assert isinstance(node.under_way, Known)


async def test_nothing_is_asked_besides_where_nothing_more_is_wanted() -> None:
    runner = Answering({"n1": "end\n", "n2": "end\n"})
    seen = await change(("units",)).look(REQUEST, runner)
    assert len(runner.asked) == 2
    assert all(node.vip_ports is NOT_ASKED for node in seen.nodes)
