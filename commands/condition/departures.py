"""How a node went that its peers no longer see: it was stopped, or it is lost."""

from __future__ import annotations

from commands.checks import witness
from commands.checks.phrases import does
from commands.condition.look import GONE, MEMBERS, SHUTTING_DOWN, Look, awaited, stopped
from commands.condition.record import State, Topic
from commands.condition.testimony import Said
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import NOT_ASKED
from commands.snapshot import NodeSnapshot

UNTOLD = "Pacemaker could not be asked whether it was stopped"
"""The detail of a loss that only corosync tells of."""


def words(look: Look, name: str, misses: tuple[str, ...]) -> dict[str, str]:
    """Return what Pacemaker says of the node's going where it is missed, as testimony."""
    told: dict[str, str] = {}
    for who, status in _told(look, misses).items():
        fenced = _last_fencing(name, {who: status})
        went = "stopped" if _was_stopped(name, status) else "not stopped"
        told[f"{who} status"] = f"{went} fenced {fenced}" if fenced else went
    return told


def judge(look: Look, node: NodeSnapshot, misses: tuple[str, ...], said: Said) -> State | None:
    """Tell a loss from a stop: Pacemaker was told to stop there, or it was not."""
    name = node.node.name
    was = look.was(Topic.MEMBER, name)
    told = _told(look, misses)
    if not told and was is not None and was.known:
        return None  # what Pacemaker says of it could not be read: one more look, since a stop is no loss
    cut_off = (look.quorate(who) is False or look.said_before(Topic.MEMBER, who) in GONE for who in misses)
    hasty = was is not None and was.word == "joined" and (was.known or awaited(look, name))
    if hasty and all(cut_off) and not stopped(node):
        return None  # it is rather those who miss it that are, or were, cut off: one more look, at the others too
    if was is not None and was.word == "joined" and node.cmap == NOT_ASKED and _mutual(look, name, misses):
        return None  # each calls the other gone, and this one is still to answer: are they apart, or is one lost?
    clean = any(_is_clean(look, name, who, status) for who, status in told.items()) or _was_leaving(look, name)
    if was is not None and was.word == "stopped":
        word, detail = "stopped", was.detail
    elif _was_fenced(look, name, told):
        word, detail = "left", "it was fenced"
    elif not _is_decided(was) and (clean or (stopped(node) and not told)):
        word, detail = "stopped", ""
    elif stopped(node):
        word, detail = "left", "corosync ended there, and nobody stopped it"
    else:
        word, detail = "left", _doubt(look, misses) if told else UNTOLD
    witnesses = sorted((*misses, name) if stopped(node) else misses)
    return State(word, witnesses=tuple(witnesses), detail=detail, said=said)


def _mutual(look: Look, name: str, misses: tuple[str, ...]) -> bool:
    """Return whether those who miss a node are, by its own word, gone themselves."""
    states = [look.was(Topic.MEMBER, who) for who in misses]
    return all(state is not None and state.word in GONE and name in state.witnesses for state in states)


def _told(look: Look, misses: tuple[str, ...]) -> dict[str, ClusterStatus]:
    """Return what Pacemaker says where the node is missed. A view without a DC still tells who was told to stop."""
    return {
        node.node.name: status for node, status in witness.running(look.snapshot, "status") if node.node.name in misses
    }


def _was_stopped(name: str, status: ClusterStatus) -> bool:
    state = status.node(name)
    return state is not None and not state.unclean and (state.shutdown or not state.expected_up)


def _is_clean(look: Look, name: str, who: str, status: ClusterStatus) -> bool:
    """Return whether Pacemaker was told to stop there, by the word of a node that can know.

    Whoever is DC writes that down before corosync leaves, and that the DC stops, all its peers hear. But one that
    becomes DC calls every peer stopped that went before, and of which only the DC before knew better (`join_make_offer`
    in Pacemaker's controller, 2.0.5 to 3.0.0). So where the DC went too, nobody was stopped unless that one was.
    """
    if not _was_stopped(name, status):
        return False
    dc = look.said_before(Topic.DC, who)
    if not dc:
        return not any(_was_lost(look, who, other, status) for other in look.names if other != name)
    return dc == name or not _misses(look, who, dc) or _was_stopped(dc, status)


def _was_lost(look: Look, who: str, name: str, status: ClusterStatus) -> bool:
    """Return whether a node went, just now as far as is known, that was not told to stop."""
    member = look.before is None or look.said_before(Topic.MEMBER, name) in MEMBERS
    return member and _misses(look, who, name) and not _was_stopped(name, status)


def _misses(look: Look, who: str, name: str) -> bool:
    return name not in look.views[who].joined_names()


def _is_decided(was: State | None) -> bool:
    """Return whether it is known to be lost: what Pacemaker makes of it later is no news, except where it was mute."""
    return was is not None and was.word == "left" and was.detail != UNTOLD


def _was_leaving(look: Look, name: str) -> bool:
    """Return whether it was seen shutting down: a DC that stops may be gone before its peers have written it down."""
    was = look.was(Topic.NODE, name)
    return was is not None and was.detail == SHUTTING_DOWN and look.said_before(Topic.MEMBER, name) in MEMBERS


def _was_fenced(look: Look, name: str, told: dict[str, ClusterStatus]) -> bool:
    """Return whether fencing is why the node is gone; Pacemaker remembers for long that it once was fenced."""
    last = _last_fencing(name, told)
    known = look.said_before(Topic.FENCED, name).endswith(f"success {last}")
    return bool(last) and not (known and look.said_before(Topic.MEMBER, name) == "joined")


def _last_fencing(name: str, told: dict[str, ClusterStatus]) -> str:
    events = (event for status in told.values() for event in status.fence_events)
    return max((event.completed for event in events if event.target == name and event.status == "success"), default="")


def _doubt(look: Look, misses: tuple[str, ...]) -> str:
    alone = [who for who in misses if look.quorate(who) is False]
    if len(alone) < len(misses):
        return ""
    return f"{does(alone, 'has', 'have')} no quorum and may be what is cut off"
