"""One gate: every verb and every button, for every role, on every surface. What there is, is found, not listed."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

import pytest

from bot import approval_cards, cards, ids, incident_buttons
from bot.conversation import FORM_ACTION, Actor, Place
from bot.incidents import row_of
from bot.memory import Memory
from bot.store import PlanRow, Store
from bot.verbs import VERBS
from commands.verbs.verb import Verb
from config.policy import LOCAL, Grant, Policy, Role
from tests.bot.conftest import Dark, Door, HandTime, Nodes, make_door, words
from tests.bot.incidents.course import WAITING, Course

ROOT = Path(__file__).parents[2]
ROLES: dict[str, Role | None] = {"no role": None, **{role.word: role for role in Role}}
ASKER, SOMEBODY, SHELL = Actor("T0HOME", "U0ASKER"), Actor("T0HOME", "U0SOMEBODY"), Actor(LOCAL, "root")
SURFACES: dict[str, tuple[Actor, Place]] = {
    "in its channel": (SOMEBODY, Place("C0WEB")),
    "elsewhere": (SOMEBODY, Place("C0ELSE")),
    "by a user group": (Actor("T0HOME", "U0MEMBER", frozenset({"S0GROUP"})), Place("C0WEB")),
    "by a group that could not be read": (Actor("T0HOME", "U0MEMBER"), Place("C0WEB")),
    "as the same id of another team": (Actor("T0OTHER", "U0SOMEBODY"), Place("C0WEB")),
    "in a terminal": (SHELL, Place("terminal")),
}
CLOSED = {"elsewhere", "by a group that could not be read", "as the same id of another team"}
"""Where no grant is of any use."""
EVERYWHERE = [
    (surface, role)
    for surface in SURFACES
    for role in ROLES
    if surface != "in a terminal" or ROLES[role] is not None  # who has a shell there has a role
]
TAKES: dict[str, Role | None] = {
    cards.CONFIRM: None,  # of somebody else's plan: nobody's to confirm
    cards.CANCEL: Role.OPERATOR,
    cards.COMMANDS: Role.VIEWER,
    cards.TRUST: Role.ADMIN,
    approval_cards.APPROVE: Role.APPROVER,
    approval_cards.DENY: Role.APPROVER,
    approval_cards.REVIEWED: Role.APPROVER,
    approval_cards.RESUME: Role.OPERATOR,
    approval_cards.ABANDON: Role.OPERATOR,
    incident_buttons.ACK: Role.OPERATOR,
    incident_buttons.SILENCE: Role.OPERATOR,
    incident_buttons.END_SILENCE: Role.OPERATOR,
    incident_buttons.FAILOVER: Role.OPERATOR,
    incident_buttons.STATUS: Role.VIEWER,
}
"""The role that a button takes of who did not ask for what it is about."""
DENIED = ("You may not do that", "is not known")


def policy(role: Role | None, clusters: tuple[str, ...] = ("*",)) -> Policy:
    """Give everybody of the table the role, and who asks what it takes."""
    grants = [Grant(role=Role.OPERATOR, users=(ASKER.user,), clusters=("*",))]
    if role is not None:
        grants.append(Grant(role=role, users=(f"T0HOME:{SOMEBODY.user}",), groups=("S0GROUP",), clusters=clusters))
    return Policy(everyone_views=False, channels=("C0WEB",), grants=tuple(grants), terminal=role or Role.VIEWER)


def allowed(surface: str, role: Role | None, needed: Role | None) -> bool:
    """Say what the table expects."""
    held = (role or Role.VIEWER) if surface == "in a terminal" else None if surface in CLOSED else role
    return held is not None and needed is not None and held >= needed


def denied(door: Door) -> bool:
    """Whether what was shown last says no, to who asked alone."""
    return any(any(no in words(one) for no in DENIED) for one in door.surface.of("whisper"))


def test_every_button_that_is_made_is_in_the_table() -> None:
    made = set()
    for path in (*(ROOT / "bot").rglob("*.py"), *(ROOT / "commands").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Choice":
                made.add(_constant(path, node.args[1]))
    # the form's own button does nothing that the verb typed bare would not: it is not in the table
    assert made == {FORM_ACTION, *TAKES}


def _constant(path: Path, written: ast.expr) -> Any:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    names = [node.id if isinstance(node, ast.Name) else node.attr for node in _dotted(written)]
    found: Any = module
    for name in names:
        found = getattr(found, name)
    return found


def _dotted(written: ast.expr) -> list[ast.Name | ast.Attribute]:
    if isinstance(written, ast.Attribute):
        return [*_dotted(written.value), written]
    assert isinstance(written, ast.Name), "an action is a constant: else no table can hold it"
    return [written]


@pytest.mark.parametrize(("surface", "role"), EVERYWHERE)
async def test_every_verb(store: Store, time: HandTime, logged: list[Any], role: str, surface: str) -> None:
    del logged
    actor, place = SURFACES[surface]
    dark = Dark()
    door = make_door(store, dark, time, policy=policy(ROLES[role]), memory=Memory(store, time.moment))
    for verb in VERBS:
        door.surface.shown.clear()
        dark.ran.clear()
        await door.ask(actor, verb.example, place)
        may = allowed(surface, ROLES[role], verb.role)
        assert ("You may not do that" in words(door.surface.shown[0].report)) is not may, verb.name
        if not may:
            assert [one.kind for one in door.surface.shown] == ["whisper"], verb.name
            assert dark.ran == [], verb.name
            assert actor.key in words(door.surface.shown[0].report) or surface == "elsewhere", (
                "the id that a grant needs"
            )
        assert not any(command.changes for command in dark.ran), verb.name
        if verb.form is not None:
            assert (await door.dispatcher.form(actor, place, verb.name) is not None) is may, verb.name
    refused = [entry for entry in await store.recorded(1000) if entry.kind == "refused"]
    assert len(refused) >= sum(not allowed(surface, ROLES[role], verb.role) for verb in VERBS), "and each is kept"


@pytest.mark.parametrize("role", [role for role in Role if role > Role.VIEWER], ids=lambda role: role.word)
async def test_every_verb_on_a_cluster_that_one_has_no_grant_for(store: Store, time: HandTime, role: Role) -> None:
    dark = Dark()
    door = make_door(store, dark, time, policy=policy(role, ("web",)), memory=Memory(store, time.moment))
    actor, place = SURFACES["in its channel"]
    for verb in (verb for verb in VERBS if verb.change and "web" in verb.example):
        door.surface.shown.clear()
        await door.ask(actor, verb.example.replace("web", "db"), place)
        (answer,) = door.surface.shown
        # of one that is declared in the file, `setup` says so before anything else
        assert ("You may not do that" in words(answer.report)) or verb.name == "setup", verb.name
        assert answer.kind == "whisper"
    assert dark.ran == []


@pytest.mark.parametrize(("surface", "role"), EVERYWHERE)
async def test_every_button(store: Store, nodes: Nodes, time: HandTime, flip: Verb, role: str, surface: str) -> None:
    actor, place = SURFACES[surface]
    door = make_door(store, nodes, time, (*VERBS, flip), policy=policy(ROLES[role]), memory=Memory(store, time.moment))
    for action, needed in TAKES.items():
        value = await pressable(door, action)
        before = await states(store)
        door.surface.shown.clear()
        nodes.ran.clear()
        await door.press(actor, action, value, at=place)
        may = allowed(surface, ROLES[role], needed)
        assert denied(door) is not may, (action, [words(one.report) for one in door.surface.shown])
        if not may:
            assert nodes.ran == [], action
            assert await states(store) == before, action
            assert (await store.recorded(1))[0].kind == "refused", action


@pytest.mark.parametrize("role", ROLES)
async def test_the_button_of_ones_own_plan_takes_the_role_that_one_has_now(
    store: Store, nodes: Nodes, time: HandTime, flip: Verb, role: str
) -> None:
    door = make_door(store, nodes, time, (*VERBS, flip), policy=policy(ROLES[role]))
    value = await pressable(door, cards.CONFIRM, SOMEBODY)
    await door.press(SOMEBODY, cards.CONFIRM, value)
    may = allowed("in its channel", ROLES[role], flip.role)
    assert denied(door) is not may
    assert may or nodes.ran == []


async def states(store: Store) -> list[tuple[str, str, int]]:
    """Return where every plan stands, with how many approvals."""
    rows = [await store.plan(one) for one in MADE]
    return [(row.id, row.state, len(await store.votes(row.id))) for row in rows if row is not None]


MADE: list[str] = []
"""The plans that a test has made."""


async def pressable(door: Door, action: str, asker: Actor = ASKER) -> str:
    """Make what a button is about, and return the button's value."""
    store, now = door.store, door.time.now
    if action == cards.TRUST:
        return await store.offer(ids.fresh(), "n1", "10.0.0.1", 22, "ssh-ed25519 AAAA", "SHA256:shown", now)
    if action in incident_buttons.ACTIONS:
        course = Course(now=now, cluster="web")
        course.look(WAITING)
        incident = next(iter(course.incidents.values()))
        await store.save_incident(row_of(incident), await store.incident(incident.id))
        choice = {incident_buttons.SILENCE: ":1h"}.get(action, "")
        if action == incident_buttons.FAILOVER:
            choice = f":{incident_buttons.failovers(incident)[0].subject}"
        return f"{incident.id}{choice}"
    MADE.append(ids.fresh())
    waits = action in {cards.CONFIRM, cards.CANCEL, cards.COMMANDS, approval_cards.APPROVE, approval_cards.DENY}
    row = PlanRow(
        id=MADE[-1],
        verb="flip",
        text="flip web",
        cluster="web",
        team=asker.team,
        user=asker.user,
        channel="C0WEB",
        fingerprint="f" * 64,
        created=now,
        expires=now.replace(year=now.year + 1),
        state="waiting" if waits else "done" if action == approval_cards.REVIEWED else "interrupted",
        message_ts="1.0",
        approvals=2 if action in {approval_cards.APPROVE, approval_cards.DENY} else 0,
        decided_by=asker.key,
        alone=action == approval_cards.REVIEWED,
    )
    await store.add_plan(row)
    return row.id


@pytest.fixture(autouse=True)
def _none_made() -> None:
    MADE.clear()
