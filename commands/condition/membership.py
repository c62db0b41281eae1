"""Corosync's word: who is a member and who is lost or was stopped, the links between members, and the quorum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from commands.checks import sight, witness
from commands.checks.phrases import does
from commands.condition.look import GONE, MEMBERS, SHUTTING_DOWN, Look, stopped
from commands.condition.record import State, Topic
from commands.condition.testimony import Told, testimony
from commands.facts import corosync_cmap
from commands.facts.corosync_link import LinkStatus
from commands.facts.corosync_quorum import QuorumStatus
from commands.facts.crm_mon import ClusterStatus
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
    if stopped(node):
        words[f"{name} cmap"] = "not running"
    if sees:
        return _seen(look, name, sees, misses, words)
    return _gone(look, node, misses, words) if misses else _unmentioned(look, node, words)


def _seen(look: Look, name: str, sees: tuple[str, ...], misses: tuple[str, ...], words: dict[str, str]) -> State | None:
    """Judge a node that itself or others see: a member, unless others that count do not see it."""
    # against a side with quorum a node without it counts nothing: it is the one that is cut off
    quorate = any(look.quorate(who) is not False for who in sees)
    against = tuple(who for who in misses if look.quorate(who) is not False) if quorate else misses
    said = testimony(words)
    if not against:
        return State("joined", nodes=sees, witnesses=sees, said=said)
    was = look.was(Topic.MEMBER, name)
    if was and was.word in GONE and sees == (name,) and look.quorate(name) is not True:
        # just started: it decides nothing yet, and the others will see it within a second or so
        return replace(was, witnesses=against, said=said, known=True)
    if was and was.word != "disputed" and was.known:
        return None  # nodes are not asked at the very same moment, and this may be changing: one more look
    return State("disputed", nodes=sees, witnesses=tuple(sorted({*sees, *against})), said=said)


def _unmentioned(look: Look, node: NodeSnapshot, words: dict[str, str]) -> State | None:
    """Judge a node of which no other says anything, by its own word."""
    name = node.node.name
    if stopped(node) and not look.views and not _bare(node):
        word = "left" if look.said_before(Topic.MEMBER, name) == "left" else "stopped"
        return State(word, witnesses=(name,), said=testimony(words))
    if look.views or isinstance(node.cmap, Known):
        return State("unlisted", witnesses=tuple(look.views) or (name,), said=testimony(words))
    return None


def _bare(node: NodeSnapshot) -> bool:
    """Return whether there is no corosync on the node at all: nobody has set it up yet."""
    answer = node.cmap.value if isinstance(node.cmap, Known) else None
    return isinstance(answer, NotRunning) and answer.why == f"{corosync_cmap.TOOL} is not installed"


def _gone(look: Look, node: NodeSnapshot, misses: tuple[str, ...], words: dict[str, str]) -> State | None:
    """Tell a loss from a stop: Pacemaker was told to stop, or it was not."""
    name = node.node.name
    was = look.was(Topic.MEMBER, name)
    told = _told_of(look, misses)
    if not told and was is not None and was.known:
        return None  # what Pacemaker says of it could not be read: one more look, since a stop is no loss
    fenced = _fenced(look, name, told)
    clean = {who: status for who, status in told.items() if _clean(look, name, status)}
    words |= {f"{who} status": "stopped" for who in clean}
    if fenced:
        words |= {f"{who} status": f"fenced {fenced}" for who in told}
    witnesses = (*misses, name) if stopped(node) else misses
    if was is not None and was.word == "stopped":
        word, detail = "stopped", was.detail
    elif fenced:
        word, detail = "left", "it was fenced"
    elif clean or _was_leaving(look, name) or (stopped(node) and not told):
        word, detail = "stopped", ""
    elif stopped(node):
        word, detail = "left", "corosync ended there, and nobody stopped it"
    else:
        word, detail = "left", _doubt(look, misses)
    return State(word, witnesses=tuple(sorted(witnesses)), detail=detail, said=testimony(words))


def _told_of(look: Look, misses: tuple[str, ...]) -> dict[str, ClusterStatus]:
    """Return what Pacemaker says where the node is missed. A view without a DC still tells who was told to stop."""
    views = {node.node.name: status for node, status in witness.running(look.snapshot, "status")}
    best = [who for who in look.pacemakers if who in misses]
    return {who: views[who] for who in dict.fromkeys((*best, *misses)) if who in views}


def _clean(look: Look, name: str, status: ClusterStatus) -> bool:
    """Return whether Pacemaker was told to stop there.

    A view that has just lost its DC together with another node calls that other one stopped (seen with 2.1.5 and
    3.0.0). So its word is not taken where some other node has just gone without being stopped.
    """
    state = status.node(name)
    if state is None or state.unclean or not (state.shutdown or not state.expected_up):
        return False
    return not any(
        other.name != name
        and other.expected_up
        and not other.online
        and (look.before is None or look.said_before(Topic.MEMBER, other.name) in MEMBERS)
        for other in status.nodes
    )


def _was_leaving(look: Look, name: str) -> bool:
    was = look.was(Topic.NODE, name)
    return was is not None and was.detail == SHUTTING_DOWN and look.said_before(Topic.MEMBER, name) in MEMBERS


def _fenced(look: Look, name: str, told: dict[str, ClusterStatus]) -> str:
    """Return when the node was fenced, if that is why it is gone; Pacemaker remembers old fencing for long."""
    times = [
        event.completed
        for status in told.values()
        for event in status.fence_events
        if event.target == name and event.status == "success"
    ]
    if not times:
        return ""
    was = look.said_before(Topic.MEMBER, name)
    news = was != "joined" or not look.said_before(Topic.FENCED, name).endswith(f"success {max(times)}")
    return max(times) if news and was != "stopped" else ""


def _doubt(look: Look, misses: tuple[str, ...]) -> str:
    alone = [who for who in misses if look.quorate(who) is False]
    if len(alone) < len(misses):
        return ""
    return f"{does(alone, 'has', 'have')} no quorum and may be what is cut off"


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
