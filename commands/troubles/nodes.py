"""Troubles of nodes: lost, stopped, unclean, cut off, out of the bot's sight."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks.phrases import does, listed
from commands.condition import Condition, State, Topic
from commands.events.nodes import link_name, seen_by
from commands.troubles.record import ALL_NODES, Severity, Trouble, What


def members(condition: Condition) -> Iterator[Trouble]:
    """Yield nodes that are lost or were stopped, and members that disagree."""
    states = condition.of(Topic.MEMBER)
    start = f"start {condition.cluster}"
    for name, state in states.items():
        seen = f"as {does(state.witnesses, 'sees', 'see')} it"
        if state.word == "left":
            why = f" ({state.detail})" if state.detail else ""
            text = f"{name} is lost: it left the membership without being stopped, {seen}{why}"
            yield Trouble(What.NODE_LOST, name, Severity.REDUNDANCY, text, (name,), state.witnesses)
        elif state.word == "stopped":
            text = f"the cluster is stopped on {name}, {seen}"
            yield Trouble(What.NODE_STOPPED, name, Severity.WARNING, text, (name,), state.witnesses, start)
    stopped = tuple(name for name, state in states.items() if state.word == "stopped")
    if len(stopped) == len(states) > 1:
        text = f"the cluster is stopped on all its nodes: {listed(stopped)}"
        yield Trouble(What.NODE_STOPPED, ALL_NODES, Severity.WARNING, text, stopped, stopped, start)
    yield from _views(condition, states)


def _views(condition: Condition, states: dict[str, State]) -> Iterator[Trouble]:
    disputed = {name: state for name, state in states.items() if state.word == "disputed"}
    if disputed:
        text = f"the members disagree about who is in the cluster: {seen_by(disputed)}"
        witnesses = tuple(sorted({who for state in disputed.values() for who in state.witnesses}))
        show = f"members {condition.cluster}"
        subject = condition.cluster
        yield Trouble(What.VIEWS_DIFFER, subject, Severity.REDUNDANCY, text, tuple(disputed), witnesses, show)


def pacemakers(condition: Condition) -> Iterator[Trouble]:
    """Yield what keeps nodes from being of full use, by Pacemaker's word."""
    for name, state in condition.of(Topic.NODE).items():
        told = _NODE.get(state.word)
        if told is not None:
            what, severity, words = told
            remedy = f"start {condition.cluster}" if what is What.NODE_STOPPED else ""
            yield Trouble(what, name, severity, f"{name} {words}", (name,), state.witnesses, remedy)
        fenced = condition.get(Topic.FENCED, name)
        gone = state.word == "unclean" or condition.word(Topic.MEMBER, name) == "left"
        if fenced is not None and gone and fenced.word.split()[1:2] == ["failed"]:
            text = f"fencing {name} ({fenced.word.partition(' ')[0]}) has failed"
            yield Trouble(What.FENCING_FAILED, name, Severity.REDUNDANCY, text, (name,), fenced.witnesses)


_NODE = {
    "unclean": (
        What.NODE_UNCLEAN,
        Severity.REDUNDANCY,
        "is unclean: nobody knows what runs there, so its resources stay where they are until it is fenced",
    ),
    "down": (
        What.PACEMAKER_DOWN,
        Severity.REDUNDANCY,
        "is a member, but Pacemaker does not run there, and nobody stopped it",
    ),
    "stopped": (What.NODE_STOPPED, Severity.WARNING, "is a member, but Pacemaker was stopped there, or not started"),
    "standby": (What.STANDBY, Severity.WARNING, "is in standby: it runs no resources"),
    "maintenance": (
        What.MAINTENANCE,
        Severity.WARNING,
        "is in maintenance: Pacemaker neither repairs nor moves anything there",
    ),
}


def links(condition: Condition) -> Iterator[Trouble]:
    """Yield links that are down, once for both ends."""
    found: dict[str, list[str]] = {}
    for name, state in condition.of(Topic.LINK).items():
        if state.word == "down":
            found.setdefault(link_name(name), []).append(name.partition("/")[0])
    for subject, witnesses in sorted(found.items()):
        here, there, number = subject.split("/")
        text = f"link {number} between {here} and {there} is down, as {does(witnesses, 'sees', 'see')} it"
        yield Trouble(What.LINK_DOWN, subject, Severity.REDUNDANCY, text, (here, there), tuple(witnesses))


def quorum(condition: Condition) -> Iterator[Trouble]:
    """Yield the loss of quorum: of some nodes, or everywhere, which stops the service."""
    states = condition.of(Topic.QUORUM)
    lacking = tuple(name for name, state in states.items() if state.word == "no")
    if lacking:
        somewhere = any(state.word == "yes" for state in states.values())
        severity = Severity.REDUNDANCY if somewhere else Severity.SERVICE
        text = f"{does(lacking, 'has', 'have')} no quorum ({states[lacking[0]].detail}): Pacemaker starts nothing there"
        yield Trouble(What.QUORUM_LOST, condition.cluster, severity, text, lacking, lacking)


def sight(condition: Condition) -> Iterator[Trouble]:
    """Yield where the bot is blind, which says nothing about the nodes."""
    states = condition.of(Topic.SIGHT)
    unseen = tuple(name for name, state in states.items() if state.word == "lost")
    if len(unseen) == len(states) > 1:
        text = f"the bot cannot reach any node of `{condition.cluster}`: how the cluster is, it does not know"
        yield Trouble(What.SIGHT_LOST, ALL_NODES, Severity.WARNING, text, unseen)
    for name in unseen:
        why = f" ({states[name].detail})" if states[name].detail else ""
        text = f"the bot cannot reach {name}{why}: whether it is well, only its peers can say"
        yield Trouble(What.SIGHT_LOST, name, Severity.WARNING, text, (name,))


def clocks(condition: Condition) -> Iterator[Trouble]:
    """Yield clocks that are wrong; where all are, it is one trouble, since nobody knows which is right."""
    states = condition.of(Topic.CLOCK)
    wrong = {name: state for name, state in states.items() if state.word == "skewed"}
    groups = [tuple(wrong)] if len(wrong) == len(states) else [(name,) for name in wrong]
    for names in groups:
        if names:
            text = f"the clock of {names[0]} is {wrong[names[0]].detail}"
            witnesses = tuple(sorted({who for name in names for who in wrong[name].witnesses}))
            yield Trouble(What.CLOCK_SKEWED, "/".join(names), Severity.WARNING, text, names, witnesses)
