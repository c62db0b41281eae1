"""What tests of incidents share: a bot that watches, and what a cluster has been through."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.conversation import Actor, Place
from bot.incidents import Incident, of_row, row_of
from bot.memory import Memory
from bot.store import SilenceRow, Store
from bot.watch.state import WatchState
from commands.report import Report
from tests.bot.conftest import (
    HERE,
    Door,
    HandTime,
    Nodes,
    make_door,
)
from tests.bot.incidents.course import Course


@dataclass
class Watched:
    """The watching of this process: what it says of itself, and what it was asked to notice."""

    known: tuple[WatchState, ...] = ()
    looked: list[str] = field(default_factory=list)

    def states(self) -> tuple[WatchState, ...]:
        return self.known

    def look_soon(self, cluster: str) -> None:
        self.looked.append(cluster)


class Posted:
    """An outbox that knows where each card is."""

    async def link(self, card: str) -> str | None:
        return f"https://workspace.example/{card}"


@dataclass
class Bot:
    """The door with a memory behind it."""

    door: Door
    watch: Watched

    @property
    def store(self) -> Store:
        return self.door.store

    async def ask(self, actor: Actor, text: str, place: Place = HERE) -> Report:
        await self.door.ask(actor, text, place)
        return self.door.surface.shown[-1].report

    async def press(self, actor: Actor, action: str, value: str) -> Report:
        await self.door.press(actor, action, value)
        return self.door.surface.shown[-1].report

    async def keep(self, course: Course) -> Incident:
        """Store what a course has brought; return its first incident."""
        for one in course.incidents.values():
            await self.store.save_incident(row_of(one), await self.store.incident(one.id))
        return next(iter(course.incidents.values()))

    async def kept(self, incident: Incident) -> Incident:
        row = await self.store.incident(incident.id)
        assert row is not None
        return of_row(row)

    async def silences(self) -> tuple[SilenceRow, ...]:
        return await self.store.silences(self.door.time.now)


def watching_bot(store: Store, nodes: Nodes, time: HandTime) -> Bot:
    """Return the door of a bot that watches."""
    watch = Watched()
    return Bot(make_door(store, nodes, time, memory=Memory(store, time.moment, watch, Posted())), watch)


def course_at(time: HandTime, cluster: str = "web") -> Course:
    return Course(now=time.now, cluster=cluster)
