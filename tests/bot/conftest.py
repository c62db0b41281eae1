"""The door with a real store behind it; a surface that records, nodes that answer by script, and time turned by hand."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.changes import Changes
from bot.conversation import Actor, NotDelivered, Place, Ref
from bot.dispatch import Dispatcher
from bot.memory import Memory
from bot.store import PlanRow, Store
from bot.under_way import Time
from bot.verbs import VERBS
from bot.world import World
from commands.command import Command, Completed, Runner, Stdin, Stream
from commands.errors import HaclusterError, NotGiven, Unreachable
from commands.plan import Decision, Lane, Plan, Step
from commands.report import Part, Report, Text
from commands.snapshot import Snapshot
from commands.verbs.cluster_request import ClusterRequest, parse_cluster
from commands.verbs.verb import Change, Verb
from config.approvals import ApprovalRule
from config.inventory import ClusterSpec, NodeSpec, parse_node
from config.policy import LOCAL, Grant, Policy, Role

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CANARY = "canary-of-a-secret"
PATIENCE = 30.0
"""Seconds until what never comes is a failure: a busy machine is none."""
WEB = ClusterSpec(name="web", nodes=(parse_node("n1=10.0.0.1"), parse_node("n2=10.0.0.2")), channels=("C0WEB",))
DB = ClusterSpec(name="db", nodes=(parse_node("d1=10.0.1.1"), parse_node("d2=10.0.1.2")))

VIEWER, OPERATOR, ADMIN, WEB_OPERATOR, NOBODY = (
    Actor("T0HOME", user) for user in ("U0VIEWER", "U0OPERATOR", "U0ADMIN", "U0WEBONLY", "U0NOBODY")
)
TERMINAL = Actor(LOCAL, "root")
HERE = Place("C0WEB")
POLICY = Policy(
    everyone_views=False,
    grants=(
        Grant(role=Role.VIEWER, users=(VIEWER.user,), clusters=("*",)),
        Grant(role=Role.OPERATOR, users=(OPERATOR.user,), clusters=("*",)),
        Grant(role=Role.ADMIN, users=(ADMIN.user,), clusters=("*",)),
        Grant(role=Role.OPERATOR, users=(WEB_OPERATOR.user,), clusters=("web",)),
    ),
)


@dataclass
class Shown:
    """One thing that a surface was told to show."""

    kind: str
    report: Report
    ref: Ref | None = None
    under: Ref | None = None
    final: bool = False


class Recorder:
    """A `Surface` that keeps what it is told. `broken` are the kinds that fail, each with how."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self.broken: dict[str, Exception] = {}
        self._news = asyncio.Condition()

    async def post(self, report: Report, *, under: Ref | None = None) -> Ref:
        ref = Ref("C0WEB", f"1700000000.{len(self.shown):06}")
        await self._note(Shown("post", report, ref, under))
        return ref

    async def edit(self, ref: Ref, report: Report, *, final: bool = False) -> None:
        await self._note(Shown("edit", report, ref, final=final))

    async def whisper(self, report: Report) -> None:
        await self._note(Shown("whisper", report))

    def of(self, kind: str) -> list[Report]:
        return [one.report for one in self.shown if one.kind == kind]

    async def until(self, reached: Callable[[list[Shown]], bool]) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: reached(self.shown))

    def card(self) -> tuple[Ref, dict[str, str]]:
        """Return the latest posted report that has buttons, and the value of each by action."""
        card = next(one for one in reversed(self.shown) if one.kind == "post" and one.report.choices)
        assert card.ref is not None
        return card.ref, {choice.action: choice.value for choice in card.report.choices}

    async def _note(self, shown: Shown) -> None:
        if shown.kind in self.broken:
            raise self.broken[shown.kind]
        async with self._news:
            self.shown.append(shown)
            self._news.notify_all()


def words(report: Report) -> str:
    """Return everything a report says, buttons included."""
    return repr(report)


class Nodes:
    """A `Runner` whose commands end as scripted: by default all at once and well."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, Command]] = []
        self.answers: dict[str, int | Exception] = {}
        self._held: dict[str, asyncio.Event] = {}
        self._news = asyncio.Condition()

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        async with self._news:
            self.ran.append((node.name, command))
            self._news.notify_all()
        word = command.argv[0]
        if word in self._held:
            await self._held[word].wait()
        answer = self.answers.get(word, 0)
        if isinstance(answer, Exception):
            raise answer
        return Completed(node.name, command, answer, "", "what the tool says" if answer else "", 0.1)

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError((node, command))

    def hold(self, word: str) -> asyncio.Event:
        """Let no such command end before the event is set."""
        return self._held.setdefault(word, asyncio.Event())

    async def started(self, word: str) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: any(command.argv[0] == word for _, command in self.ran))

    @property
    def changed(self) -> list[tuple[str, str]]:
        return [(node, command.shown()) for node, command in self.ran if command.changes]


class Dark:
    """A `Runner` whose nodes can never be reached."""

    def __init__(self) -> None:
        self.ran: list[Command] = []

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        self.ran.append(command)
        raise Unreachable("no answer within 5 s", node=node.name, remedy="Is it on?")

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError((node, command))


class HandTime:
    """Time that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = NOW
        self._pausing: list[asyncio.Future[None]] = []
        self._news = asyncio.Event()

    def moment(self) -> datetime:
        return self.now

    def of_changes(self) -> Time:
        return Time(clock=self._seconds, pause=self._pause)

    def forward(self, **by: float) -> None:
        """Let time pass, and whoever pauses go on."""
        self.now += timedelta(**by)
        pausing, self._pausing = self._pausing, []
        for pause in pausing:
            if not pause.done():
                pause.set_result(None)

    async def paused(self, count: int = 2) -> None:
        """Wait until that many tasks pause: the one that tells and the one that holds."""
        while len(self._pausing) < count:
            self._news.clear()
            await self._news.wait()

    def _seconds(self) -> float:
        return (self.now - NOW).total_seconds()

    async def _pause(self, seconds: float) -> None:
        del seconds
        pause: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pausing.append(pause)
        self._news.set()
        await pause


@dataclass
class Door:
    """A dispatcher with all that surrounds it, and people who use it."""

    world: World
    dispatcher: Dispatcher
    surface: Recorder
    time: HandTime
    started: list[Coroutine[Any, Any, None]]

    async def ask(self, actor: Actor, text: str, place: Place = HERE, key: str = "") -> None:
        await self.dispatcher.request(actor, place, text, self.surface, key=key)

    async def press(self, actor: Actor, action: str, value: str | None = None, key: str = "", at: Place = HERE) -> None:
        """Press a button of the latest card; `value` forges another."""
        ref, values = self.surface.card() if value is None else (Ref("C0WEB", "1.0"), {action: value})
        await self.dispatcher.press(actor, at, action, values[action], ref, self.surface, key=key)

    async def settle(self) -> None:
        """Run what was put into the background."""
        while self.started:
            await self.started.pop(0)

    @property
    def store(self) -> Store:
        return self.world.needed_store()

    async def row(self, plan_id: str) -> PlanRow:
        row = await self.store.plan(plan_id)
        assert row is not None
        return row

    async def until_held(self, plan_id: str, until: datetime) -> None:
        """Wait until the plan's lease was prolonged."""
        async with asyncio.timeout(PATIENCE):
            while (await self.row(plan_id)).expires != until:  # noqa: ASYNC110 - what is awaited is in the store
                await asyncio.sleep(0)

    async def audited(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        return [(e.kind, e.who, e.detail) for e in reversed(await self.store.recorded(1000))]


@dataclass
class Stage:
    """What the verb `flip` finds: the test says what is decided, and may change its mind between card and click."""

    decision: Decision
    decided: int = 0
    reads: tuple[str, ...] = ()

    def decide(self, request: ClusterRequest, snapshot: Snapshot) -> Decision:
        del request, snapshot
        self.decided += 1
        return self.decision


def flip_plan(cluster: ClusterSpec = WEB, *, guards: tuple[str, ...] = ("vip1 on n1",), words: str = "flip") -> Plan:
    """A plan of two steps: one with a secret on its standard input, and one after it."""
    secret = Stdin(CANARY, "the password", secret=True)
    first = Step("first", "Flip it", (Lane(cluster.nodes[0], (Command((words,), stdin=secret, changes=True),)),))
    second = Step("second", "Flop it", (Lane(cluster.nodes[1], (Command(("flop",), changes=True),)),), after=("first",))
    return Plan("flip", cluster, "Flip the cluster.", (first, second), guards=guards)


@pytest.fixture
def time() -> HandTime:
    """Time turned by hand."""
    return HandTime()


@pytest.fixture
def nodes() -> Nodes:
    """Nodes on which everything works at once."""
    return Nodes()


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as it is when first opened, to be copied: making its tables takes longer than most tests."""
    path = tmp_path_factory.mktemp("store") / "empty.db"

    async def make() -> None:
        await (await Store.open(url_of(path))).close()

    asyncio.run(make())
    return path


@pytest.fixture
def url(tmp_path: Path, empty_store: Path) -> str:
    """A store in a file of its own."""
    return url_of(Path(shutil.copy(empty_store, tmp_path / "store.db")))


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged, kept instead of printed."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """The store, open."""
    store = await Store.open(url)
    yield store
    await store.close()


@pytest.fixture
def stage() -> Stage:
    """What `flip` decides."""
    return Stage(flip_plan())


DoorOf = Callable[..., Door]


def make_door(
    store: Store | None, runner: Runner, time: HandTime, verbs: tuple[Verb, ...] = VERBS, **parts: Any
) -> Door:
    """Put a door together. `parts` replace the world's."""

    async def results(cluster: ClusterSpec, runner: Runner) -> tuple[Part, ...]:
        del runner
        return (Text(f"The members of {cluster.name}."),)

    started: list[Coroutine[Any, Any, None]] = []
    world = World(
        verbs=verbs,
        policy=POLICY,
        declared={"web": WEB, "db": DB},
        runner=runner,
        store=store,
        now=time.moment,
        start=started.append,
        secret=_nothing,
        file=_nothing,
        results=results,
    )
    world = replace(world, **parts)
    return Door(world, Dispatcher(world, Changes(world, time.of_changes())), Recorder(), time, started)


def _nothing(name: str) -> str:
    raise NotGiven(f"there is nothing called {name[:60]!r}")


@pytest.fixture
def flip(stage: Stage, logged: list[Any]) -> Verb:
    """A verb whose decision the test holds."""
    del logged  # whoever uses the door wants its log out of the way
    return Verb(
        name="flip",
        summary="Flip a cluster",
        usage="flip [CLUSTER]",
        role=Role.OPERATOR,
        parse=parse_cluster,
        change=Change((), stage.decide),
    )


@pytest.fixture
def door(store: Store, nodes: Nodes, time: HandTime, flip: Verb) -> Door:
    """A door with every verb, and `flip`."""
    return make_door(store, nodes, time, (*VERBS, flip))


def with_rule(store: Store, nodes: Nodes, time: HandTime, flip: Verb, rule: ApprovalRule) -> Door:
    policy = POLICY.model_copy(update={"approvals": (rule,)})
    memory = Memory(store, time.moment)
    door = make_door(store, nodes, time, (*VERBS, flip), policy=policy, memory=memory)
    door.dispatcher.reaches(lambda _: door.surface)
    return door


@pytest.fixture
def four_eyes(store: Store, nodes: Nodes, time: HandTime, flip: Verb) -> Door:
    """A door where a change takes one other person."""
    return with_rule(store, nodes, time, flip, ApprovalRule(approvals=1))


@pytest.fixture
def six_eyes(store: Store, nodes: Nodes, time: HandTime, flip: Verb) -> Door:
    """A door where a change takes two other people, and nobody goes alone."""
    return with_rule(store, nodes, time, flip, ApprovalRule(approvals=2, break_glass=False))


LOST = NotDelivered("Slack is away")
BROKEN: HaclusterError | Exception = ZeroDivisionError(f"a defect that knows {CANARY}")
