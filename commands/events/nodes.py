"""Events of nodes: membership, links, quorum, what Pacemaker thinks of them, the bot's sight, and clocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from commands.checks.phrases import does, listed, moment
from commands.condition import Condition, State, Topic
from commands.events.change import changes
from commands.events.record import Event, Kind

_MEMBERS = frozenset({"joined", "disputed"})


def members(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield who joined, left, was stopped, and whether the members agree about it."""
    for name, was, now in changes(before, after, Topic.MEMBER):
        if was.word == now.word:
            continue  # it is only others that see it
        seen = f"as {does(now.witnesses, 'sees', 'see')} it"
        if now.word == "left" and was.word in _MEMBERS:
            why = f" ({now.detail})" if now.detail else ""
            text = f"{name} left the membership without being stopped, {seen}{why}"
            yield Event(Kind.MEMBER_LEFT, name, text, (name,), now.witnesses)
        elif now.word == "stopped" and was.word != "unlisted":
            text = f"the cluster was stopped on {name}, {seen}"
            yield Event(Kind.MEMBER_STOPPED, name, text, (name,), now.witnesses)
        elif now.word == "joined" and was.word != "disputed":
            yield Event(Kind.MEMBER_JOINED, name, f"{name} is a member, {seen}", (name,), now.witnesses)
    yield from _views(before, after)
    yield from _restarts(before, after)


def _views(before: Condition, after: Condition) -> Iterator[Event]:
    was, now = (_disputed(condition) for condition in (before, after))
    cluster = after.cluster
    new = sorted(name for name in now if name not in was and (after.states[Topic.MEMBER, name]).known)
    witnesses = tuple(sorted({who for name in now for who in now[name].witnesses}))
    if new:
        text = f"the members disagree about who is in the cluster: {seen_by(now)}"
        yield Event(Kind.MEMBERSHIP_VIEWS_DIFFER, cluster, text, tuple(sorted(now)), witnesses)
    elif was and not now:
        back = sorted(name for name in was if after.word(Topic.MEMBER, name) == "joined")
        if back:
            seen = tuple(sorted({who for name in back for who in after.states[Topic.MEMBER, name].witnesses}))
            text = f"the members agree again about who is in the cluster, {listed(back)} included"
            yield Event(Kind.MEMBERSHIP_VIEWS_AGREE, cluster, text, tuple(back), seen)


def seen_by(disputed: Mapping[str, State]) -> str:
    """Say who sees the nodes that are in question: `n2 is seen by nobody else`."""
    return "; ".join(
        f"{name} is seen by {'nobody else' if state.nodes == (name,) else f'{listed(state.nodes)} only'}"
        for name, state in sorted(disputed.items())
    )


def _disputed(condition: Condition) -> dict[str, State]:
    return {name: state for name, state in condition.of(Topic.MEMBER).items() if state.word == "disputed"}


def _restarts(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield members that were away and are back between two looks, which only the count of their joins betrays."""
    grown: dict[str, list[str]] = {}
    for name, was, now in changes(before, after, Topic.JOINS):
        witness, _, member = name.partition("/")
        stayed = all(condition.word(Topic.MEMBER, member) == "joined" for condition in (before, after))
        if stayed and int(now.word) > int(was.word):
            grown.setdefault(member, []).append(witness)
    told: set[str] = set()
    for name, witnesses in sorted(grown.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        if name in told:
            continue
        parted = [who for who in witnesses if name in grown.get(who, ())]
        if parted:
            # each saw the other go: nothing was restarted, they were cut off from each other
            told |= {name, *parted}
            both = tuple(sorted((name, *parted)))
            text = f"{listed(both)} lost each other for a moment, and are together again"
            yield Event(Kind.MEMBER_RESTARTED, name, text, both, tuple(witnesses), over=True)
        else:
            text = f"corosync on {name} was restarted: it left the membership and was back before the next look"
            yield Event(Kind.MEMBER_RESTARTED, name, text, (name,), tuple(witnesses), over=True)


def links(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield links that went down or up between members, once for both ends."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, _, now in changes(before, after, Topic.LINK):
        here, there, _ = name.split("/")
        if all(state.word(Topic.MEMBER, end) in _MEMBERS for state in (before, after) for end in (here, there)):
            found.setdefault((link_name(name), now.word), []).append(here)  # else it is told of the member
    for (subject, word), witnesses in found.items():
        here, there, number = subject.split("/")
        kind, verb = (Kind.LINK_DOWN, "down") if word == "down" else (Kind.LINK_UP, "up again")
        text = f"link {number} between {here} and {there} is {verb}, as {does(witnesses, 'sees', 'see')} it"
        yield Event(kind, subject, text, (here, there), tuple(witnesses))


def link_name(seen: str) -> str:
    """Return the name of a link for both its ends: `n2/n1/0` is `n1/n2/0`."""
    here, there, number = seen.split("/")
    return "/".join((*sorted((here, there)), number))


def quorums(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield quorum lost and regained, once for all nodes it happened to."""
    found: dict[str, list[str]] = {"no": [], "yes": []}
    for name, was, now in changes(before, after, Topic.QUORUM):
        if now.word == "no" or (now.word == "yes" and was.word == "no"):
            found[now.word].append(name)
    for word, kind, verb in (("no", Kind.QUORUM_LOST, "lost"), ("yes", Kind.QUORUM_REGAINED, "regained")):
        nodes = tuple(found[word])
        if nodes:
            votes = after.states[Topic.QUORUM, nodes[0]].detail
            text = f"{listed(nodes)} {verb} the quorum" + (f" ({votes})" if votes else "")
            yield Event(kind, after.cluster, text, nodes, nodes)


_NODE = {
    "unclean": (Kind.NODE_UNCLEAN, "is unclean: nobody knows what runs there until it is fenced"),
    "standby": (Kind.NODE_STANDBY, "is in standby: it runs no resources"),
    "maintenance": (Kind.NODE_MAINTENANCE, "is in maintenance: Pacemaker leaves alone what runs there"),
    "down": (Kind.PACEMAKER_DOWN, "is a member, but Pacemaker ended there, and nobody stopped it"),
}


def nodes(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield what Pacemaker thinks of nodes now, and what it did to them."""
    for name, was, now in changes(before, after, Topic.NODE):
        if now.word in _NODE and not (was.word == "offline" and now.word in {"standby", "maintenance"}):
            kind, words = _NODE[now.word]
            yield Event(kind, name, f"{name} {words}", (name,), now.witnesses)
        elif now.word == "online" and was.word == "down":
            yield Event(Kind.PACEMAKER_UP, name, f"Pacemaker runs on {name} again", (name,), now.witnesses)
        elif now.word == "online" and was.word in {"standby", "maintenance"}:
            text = f"{name} is active again: its {was.word} has ended"
            yield Event(Kind.NODE_ACTIVE, name, text, (name,), now.witnesses)
    yield from _fencings(before, after)


def _fencings(before: Condition, after: Condition) -> Iterator[Event]:
    for name, now in after.of(Topic.FENCED).items():
        was = before.get(Topic.FENCED, name)
        # without an earlier word for the node nobody knows how old this is
        news = now.known and before.get(Topic.NODE, name) is not None and (was is None or was.word != now.word)
        action, _, rest = now.word.partition(" ")
        status, _, when = rest.partition(" ")
        if news and status == "success":
            text = f"{name} was fenced ({action}) at {moment(when)}"
            yield Event(Kind.NODE_FENCED, name, text, (name,), now.witnesses)


def sights(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield nodes that the bot lost out of sight, which says nothing about them, and those it sees again."""
    for name, _, now in changes(before, after, Topic.SIGHT):
        if now.word == "lost":
            why = f" ({now.detail})" if now.detail else ""
            yield Event(Kind.SIGHT_LOST, name, f"the bot cannot reach {name}{why}", (name,))
        else:
            yield Event(Kind.SIGHT_REGAINED, name, f"the bot reaches {name} again", (name,))


def clocks(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield clocks that went wrong or right."""
    for name, _, now in changes(before, after, Topic.CLOCK):
        if now.word == "skewed":
            text = f"the clock of {name} is {now.detail}"
            yield Event(Kind.CLOCK_SKEWED, name, text, (name,), now.witnesses)
        else:
            yield Event(Kind.CLOCK_RIGHT, name, f"the clock of {name} is right again", (name,))
