"""Corosync's word: who is a member and who is lost or was stopped, the links between members, and the quorum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from commands.checks import sight, witness
from commands.condition import departures, meeting
from commands.condition.look import GONE, MEMBERS, Look, awaited, stopped
from commands.condition.record import State, Topic
from commands.condition.testimony import Said, Told, testimony
from commands.facts import corosync_cmap
from commands.facts.corosync_link import LinkStatus
from commands.facts.corosync_quorum import QuorumStatus
from commands.facts.fact import NOT_ASKED, Known, NotRunning, Unknown
from commands.snapshot import NodeSnapshot, Snapshot


def sights(snapshot: Snapshot, reads: Iterable[str]) -> Told:
    """Tell which nodes answered the bot. Nothing is told of a node that was not asked."""
    fields = tuple(reads)

    def state(node: NodeSnapshot) -> State | None:
        readings = [getattr(node, field) for field in fields]
        if all(reading == NOT_ASKED for reading in readings):
            return None
        if not sight.is_blind(node):
            return State("seen")
        why = next(reading for reading in readings if isinstance(reading, Unknown) and reading != NOT_ASKED).why
        return State("lost", detail=why.removeprefix(f"{node.node.name}: "))

    return {node.node.name: state(node) for node in snapshot.nodes}


def members(look: Look) -> Told:
    """Tell who is a member, by the words of those that could be asked; the bot's own failure to reach is none."""
    return {node.node.name: _member(look, node) for node in look.snapshot.nodes}


def _member(look: Look, node: NodeSnapshot) -> State | None:
    name = node.node.name
    sees = tuple(who for who, cmap in look.views.items() if name in cmap.joined_names())
    lists = tuple(who for who, cmap in look.views.items() if any(one.name == name for one in cmap.nodelist))
    misses = tuple(who for who in lists if who not in sees and who != name)
    words: dict[str, str] = {f"{who} cmap": "joined" if who in sees else "not joined" for who in {*lists, *sees}}
    words |= {f"{who} quorum": str(quorate) for who in look.views if (quorate := look.quorate(who)) is not None}
    words |= departures.words(look, name, misses)
    if stopped(node):
        words[f"{name} cmap"] = "not running"
    said = testimony(words)
    if sees:
        return _seen(look, name, sees, misses, said)
    return departures.judge(look, node, misses, said) if misses else _unmentioned(look, node, said)


def _seen(look: Look, name: str, sees: tuple[str, ...], misses: tuple[str, ...], said: Said) -> State | None:
    """Judge a node that itself or others see: a member, unless others that count do not see it."""
    # against a side with quorum a node without it counts nothing: it is the one that is cut off
    quorate = any(look.quorate(who) is not False for who in sees)
    against = tuple(who for who in misses if look.quorate(who) is not False) if quorate else misses
    was = look.was(Topic.MEMBER, name)
    if was is not None and meeting.come_alone(look, sees) and awaited(look, name):
        return None  # back by the word of those who come back alone: one more look, at those still to answer too
    if not against:
        return State("joined", nodes=sees, witnesses=sees, said=said, open_until=meeting.carried(look, was))
    if was and was.word in GONE and sees == (name,) and look.quorate(name) is not True:
        # just started: it decides nothing yet, and the others will see it within a second or so
        return replace(was, witnesses=against, said=said, known=True)
    if was is not None and (until := meeting.open_until(look, was, sees, against)):
        return replace(was, known=not meeting.mixed(look, sees, against), open_until=until)
    if was and was.word != "disputed" and was.known and not was.open_until:
        return None  # nodes are not asked at the very same moment, and this may be changing: one more look
    return State("disputed", nodes=sees, witnesses=tuple(sorted({*sees, *against})), said=said)


def _unmentioned(look: Look, node: NodeSnapshot, said: Said) -> State | None:
    """Judge a node of which no other says anything, by its own word."""
    name = node.node.name
    if stopped(node) and not look.views and not _bare(node):
        was = look.was(Topic.MEMBER, name)
        if was is not None and was.word in MEMBERS and not look.idle and (was.known or awaited(look, name)):
            return None  # whether it was stopped or died its peers know, which have not answered: one more look
        word = "left" if look.said_before(Topic.MEMBER, name) == "left" else "stopped"
        return State(word, witnesses=(name,), said=said)
    if look.views or isinstance(node.cmap, Known):
        return State("unlisted", witnesses=tuple(look.views) or (name,), said=said)
    return None


def _bare(node: NodeSnapshot) -> bool:
    """Return whether there is no corosync on the node at all: nobody has set it up yet."""
    answer = node.cmap.value if isinstance(node.cmap, Known) else None
    return isinstance(answer, NotRunning) and answer.why == f"{corosync_cmap.TOOL} is not installed"


def joins(look: Look) -> Told:
    """Tell how often each member has joined, as the others count: growth alone betrays a restart within an instant."""
    return {
        f"{who}/{name}": State(
            str(member.join_count), witnesses=(who,), said=testimony({f"{who} cmap": str(member.join_count)})
        )
        for who, cmap in look.views.items()
        for name in look.names
        if name != who and (member := cmap.member(name)) is not None and member.joined
    }


def links(look: Look, members_now: dict[str, str]) -> Told:
    """Tell how the links stand, as each end sees them, to nodes that are members or should be."""
    lacking = {name for name, word in members_now.items() if word in {"stopped", "unlisted"}}
    names = {one.node_id: one.name for cmap in look.views.values() for one in cmap.nodelist}
    states: dict[str, State] = {}
    for node, status in witness.running(look.snapshot, "links"):
        for link, peer, address, up in _ends(status):
            here, there = node.node.name, names.get(peer, "")
            if there in look.names and there not in lacking:
                word = "up" if up else "down"
                states[f"{here}/{there}/{link}"] = State(
                    word, witnesses=(here,), detail=address, said=testimony({f"{here} links": word})
                )
    return states


def _ends(status: LinkStatus) -> Iterable[tuple[int, int, str, bool]]:
    for link in status.links:
        for peer in link.peers:
            if peer.status != "localhost":
                yield link.id, peer.node_id, link.address, peer.connected


def quorums(look: Look) -> Told:
    """Tell which nodes have quorum, each by its own word."""
    states: dict[str, State] = {}
    for node in look.snapshot.nodes:
        name = node.node.name
        told = node.quorum.value if isinstance(node.quorum, Known) else None
        if isinstance(told, QuorumStatus) and name in look.views:
            word = "yes" if told.quorate else "no"
            detail = f"{told.total_votes} of {told.expected_votes} votes, {told.quorum} needed"
        elif stopped(node):
            word, detail = "stopped", ""
        else:
            continue
        states[name] = State(word, witnesses=(name,), detail=detail, said=testimony({f"{name} quorum": word}))
    return states
