"""Pacemaker's word: how it counts the nodes, what was fenced, what runs where, and who changed the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from commands.checks import witness
from commands.checks.phrases import moment
from commands.condition.look import SHUTTING_DOWN, Look
from commands.condition.record import State, Topic
from commands.condition.testimony import Told, testimony
from commands.facts.cib import Cib
from commands.facts.crm_mon import ClusterStatus, FenceEvent, NodeState, ResourceState
from commands.facts.fact import Known
from commands.facts.pacemaker_xml import INFINITY

FENCE_DEVICE = "fence device"
"""The detail of a resource that is one: it serves nobody, until a node is lost."""
PROBING = 5.0
"""Seconds that Pacemaker takes at most to ask what runs where: a fraction of one, but on a busy machine."""
FAILED_AT = ", at "
"""What stands between a failure and its time in the detail of a resource."""

_ACTIVE = frozenset({"Started", "Promoted", "Unpromoted"})
_COUNTED = frozenset({"online", "standby", "maintenance"})
"""The words for a node that Pacemaker counts in."""


def nodes(look: Look, members_now: dict[str, str]) -> Told:
    """Tell how Pacemaker counts each node, by its best view."""
    states: dict[str, State | None] = {}
    for name in look.names:
        words = {
            who: _node_word(look, state, members_now.get(name, "") if _sees(look, who, name) else "")
            for who, status in look.pacemakers.items()
            if (state := status.node(name)) is not None
        }
        if words:
            word, detail = next(iter(words.values()))
            if word in {"down", "stopped"} and _may_have_gone(look, name):
                states[name] = None
                continue
            states[name] = State(
                word,
                witnesses=tuple(sorted(who for who, told in words.items() if told[0] == word)),
                detail=detail,
                said=testimony({f"{who} status": " ".join(told).strip() for who, told in words.items()}),
            )
    return states


def _sees(look: Look, who: str, name: str) -> bool:
    """Return whether a node sees another as a member: else it is cut off, and its Pacemaker cannot know."""
    cmap = look.views.get(who)
    return cmap is not None and name in cmap.joined_names()


def _may_have_gone(look: Look, name: str) -> bool:
    """Return whether a node that says nothing itself may have gone as a whole between corosync's word and Pacemaker's.

    Then one more look tells.
    """
    was = look.was(Topic.NODE, name)
    silent = any(node.node.name == name and node.unknown("status") is not None for node in look.snapshot.nodes)
    return silent and was is not None and was.known


def _answers(look: Look, name: str) -> bool:
    """Return whether Pacemaker answers on the node itself, and so runs there."""
    return any(node.node.name == name for node, _ in witness.running(look.snapshot, "status"))


def _node_word(look: Look, state: NodeState, member: str) -> tuple[str, str]:
    detail = SHUTTING_DOWN if state.shutdown else ""
    if state.unclean:
        return "unclean", detail
    if not state.online:
        return _offline(look, state) if member == "joined" else "offline", detail
    for word, holds in (("pending", state.pending), ("standby", state.standby), ("maintenance", state.maintenance)):
        if holds:
            return word, detail
    return "online", detail


def _offline(look: Look, state: NodeState) -> str:
    """Return the word for a member that Pacemaker does not count as online."""
    if _answers(look, state.name):
        return "pending"  # sides of a split that have just met again count each other's nodes in a little later
    if not state.expected_up:
        return "stopped"
    # one that comes back joins corosync first, Pacemaker later: only what ran until now can have gone down
    comes = look.before is not None and look.said_before(Topic.NODE, state.name) in {"", "offline", "stopped"}
    return "offline" if comes else "down"


def fencings(look: Look) -> Told:
    """Tell the last fencing of each node that Pacemaker remembers."""
    states: dict[str, State] = {}
    for name in look.names:
        words: dict[str, str] = {}
        for who, status in look.pacemakers.items():
            events = [event for event in status.fence_events if event.target == name]
            if events:
                last = max(events, key=_when)
                words[who] = f"{last.action} {last.status} {last.completed}".strip()
        if words:
            word = next(iter(words.values()))
            said = testimony({f"{who} status": told for who, told in words.items()})
            states[name] = State(word, witnesses=tuple(sorted(words)), said=said)
    return states


def _when(event: FenceEvent) -> tuple[bool, str]:
    return event.status == "pending", event.completed


def whole(look: Look) -> Told:
    """Tell whether the whole cluster is in maintenance."""
    words = {who: "maintenance" if status.maintenance else "normal" for who, status in look.pacemakers.items()}
    if not words:
        return {}
    word = next(iter(words.values()))
    witnesses = tuple(sorted(who for who, told in words.items() if told == word))
    said = testimony({f"{who} status": told for who, told in words.items()})
    return {"": State(word, witnesses=witnesses, said=said)}


def deciders(look: Look) -> Told:
    """Tell which node decides (the DC), as each Pacemaker sees it."""
    return {
        who: State(status.dc, witnesses=(who,), said=testimony({f"{who} status": status.dc}))
        for who, status in look.pacemakers.items()
        if status.dc is not None
    }


def changing(look: Look) -> bool:
    """Return whether a Pacemaker no longer counts in whom corosync still calls a member, though it did until now.

    The two were asked one after the other, and it changed in between: one more look, unless that node itself says
    that only its Pacemaker has ended.
    """
    ended = {node.node.name for node in look.snapshot.nodes if isinstance(node.status, Known)} - {
        node.node.name for node, _ in witness.running(look.snapshot, "status")
    }
    for who, status in look.pacemakers.items():
        for node in status.nodes:
            was = look.was(Topic.NODE, node.name)
            said = dict(was.said).get(f"{who} status", "") if was is not None and was.known else ""
            counted = said.partition(" ")[0] in _COUNTED
            if counted and not node.online and node.name not in ended and _sees(look, who, node.name):
                return True
    return False


def configuration(look: Look) -> Told:
    """Tell the version of the newest configuration, without its count of status updates, and who wrote it."""
    words = {who: f"{cib.admin_epoch}.{cib.epoch}" for who, cib in look.cibs.items()}
    if not words:
        return {}
    who, cib = max(sorted(look.cibs.items()), key=lambda pair: (pair[1].admin_epoch, pair[1].epoch))
    author = f"{cib.update_user or 'somebody'}@{cib.update_client or 'unknown'} from {cib.update_origin or 'unknown'}"
    state = State(
        words[who],
        witnesses=tuple(sorted(one for one, word in words.items() if word == words[who])),
        detail=author,
        said=testimony({f"{one} cib": word for one, word in words.items()}),
    )
    return {"": state}


def resources(look: Look, cib: Cib | None) -> Told:
    """Tell how each resource is, one by one; instances of clones only on nodes that are to run them."""
    if cib is None or not look.pacemakers:
        # without the configuration nobody can say whether what does not run should
        known = look.before.of(Topic.RESOURCE) if look.before and not look.idle else {}
        return dict.fromkeys(known)
    named: dict[str, dict[str, State]] = {}
    for who, status in look.pacemakers.items():
        for name, state in _resources(look, status, cib):
            named.setdefault(name, {})[who] = state
    states = {name: _joint(views) for name, views in named.items()}
    return {name: _left_open(look, name, state) for name, state in states.items()}


def _left_open(look: Look, name: str, state: State) -> State:
    """Leave it open for a while where a clone's instance that ran is called stopped, with no failure.

    While nodes come together again, and after a cleanup, Pacemaker begins by knowing nothing of what runs.
    """
    was = look.was(Topic.RESOURCE, name)
    if "@" not in name or state.word != "stopped" or was is None or was.word != "started":
        return state
    until = was.open_until or (look.at + PROBING if was.known else 0.0)
    return replace(was, known=False, open_until=until) if look.at < until <= look.at + PROBING else state


def _joint(views: dict[str, State]) -> State:
    """Put the views together: where one side of a cut network runs it, it runs; else the best view goes."""
    first = next((state for state in views.values() if state.word == "started"), next(iter(views.values())))
    holders = sorted({node for state in views.values() if state.word == first.word for node in state.nodes})
    return State(
        first.word,
        nodes=tuple(holders),
        witnesses=tuple(sorted(who for who, state in views.items() if state.word == first.word)),
        detail=first.detail,
        concerns=first.concerns,
        said=testimony(
            {
                f"{who} status": f"{state.word} {' '.join(state.nodes)} {state.detail}".strip()
                for who, state in views.items()
            }
        ),
    )


def _resources(look: Look, status: ClusterStatus, cib: Cib) -> Iterator[tuple[str, State]]:
    clones = {clone.id for clone in cib.clones}
    for name in dict.fromkeys(one.id for one in status.resources):
        clone = next((one.clone for one in status.instances(name) if one.clone in clones), None)
        off = cib.switched_off(name, clone)
        if clone is None:
            was = look.was(Topic.RESOURCE, name)
            yield name, _plain(status, name, () if was is None else was.nodes or was.concerns, off=off)
            continue
        for node in status.nodes:
            subject, state = f"{name}@{node.name}", _instance(status, name, node.name, off=off)
            if node.online and not node.unclean and _counts(look, node, subject, state, limited=cib.limited(clone)):
                yield subject, state


def _counts(look: Look, node: NodeState, subject: str, state: State, *, limited: bool) -> bool:
    """Return whether a clone's instance is to run on the node: one that is stopped, or about to start, may not be."""
    if state.word != "stopped":
        return True
    if node.standby or node.pending or limited:
        return False
    return look.before is None or look.was(Topic.RESOURCE, subject) is not None  # else the node has just come


def _plain(status: ClusterStatus, name: str, last: tuple[str, ...], *, off: bool) -> State:
    instances, holders = status.instances(name), status.holders(name)
    word = _word(instances, active=bool(holders), off=off, barred=not holders and bool(_barred(status, name)))
    troubled = tuple(node for one in instances if one.failed or one.blocked for node in one.nodes)
    device = any(one.agent.startswith("stonith:") for one in instances)
    return State(
        word,
        nodes=holders or troubled,
        detail=_last_failure(status, name, None) or (FENCE_DEVICE if device else ""),
        concerns=() if holders else last,
    )


def _instance(status: ClusterStatus, name: str, node: str, *, off: bool) -> State:
    on = [one for one in status.instances(name) if node in one.nodes]
    active = any(one.active and one.role in _ACTIVE for one in on)
    word = _word(on, active=active, off=off, barred=not active and node in _barred(status, name))
    return State(word, nodes=(node,), detail=_last_failure(status, name, node))


def _word(instances: Iterable[ResourceState], *, active: bool, off: bool, barred: bool) -> str:
    shown = tuple(instances)
    if any(one.blocked for one in shown):
        return "blocked"
    if any(one.failed for one in shown):
        return "failed"
    if active:
        return "started"
    return "off" if off else "failed" if barred else "stopped"


def _barred(status: ClusterStatus, name: str) -> set[str]:
    """Return the nodes from which the resource is kept away, having failed too often there."""
    return {one.node for one in status.fail_counts if one.resource == name and one.count >= INFINITY}


def _last_failure(status: ClusterStatus, name: str, node: str | None) -> str:
    """Say what failed last and was not cleaned up since, in the same words at every look."""
    failures = [one for one in status.failures if one.resource == name and node in {None, one.node}]
    if not failures:
        return ""
    last = max(failures, key=lambda one: (one.when, one.node))
    reason = f": {last.reason}" if last.reason and last.reason != last.exit_status else ""
    return f"{last.task or 'it'} failed on {last.node} ({last.exit_status}{reason}){FAILED_AT}{moment(last.when)}"
