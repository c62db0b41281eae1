"""The condition of a cluster: what its snapshots told, digested, with what is still known of what is silent now.

`condition(snapshot, before)` is the only way knowledge grows. Two rules hold for every subject:
- what could not be read keeps its last state, marked `known=False`;
- a state changes only when somebody who could be asked says something else than before. So a node, or a single reading,
  that falls silent never makes the words of the others look like news (`commands.condition.testimony`).
"""

from __future__ import annotations

from commands.checks import witness
from commands.condition import clocks, membership, pacemaker, service
from commands.condition.look import GONE, look
from commands.condition.record import Condition, State, Subject, Topic, from_json, to_json
from commands.condition.testimony import settle
from commands.snapshot import Snapshot

__all__ = ["READS", "Condition", "State", "Subject", "Topic", "condition", "from_json", "to_json"]

READS = ("addresses", "cib", "clock", "cmap", "haproxy", "links", "quorum", "status")
"""The fields of a snapshot that a condition is made from."""


def condition(snapshot: Snapshot, before: Condition | None = None) -> Condition:
    """Return what is known of a cluster after a look at it. `before` is what was known until then."""
    view = look(snapshot, before)
    states: dict[Subject, State] = settle(membership.sights(snapshot, READS), before)
    states |= settle(membership.members(view), before)
    members = {name: state.word for (topic, name), state in states.items() if topic is Topic.MEMBER}
    gone = frozenset(name for name, word in members.items() if word in GONE)
    for told in (
        membership.joins(view),
        membership.links(view, members),
        membership.quorums(view, members),
        pacemaker.nodes(view, members),
        pacemaker.fencings(view),
        pacemaker.whole(view),
        pacemaker.configuration(view),
        pacemaker.resources(view, witness.newest_cib(view.snapshot)),
        service.vips(view),
        service.servers(view, members),
        clocks.clocks(view, members),
    ):
        states |= settle(told, before, gone)
    now = Condition(snapshot.cluster.name, states)
    proxies = service.proxies(view, now.of(Topic.RESOURCE), now.of(Topic.NODE), members)
    return Condition(now.cluster, {**states, **settle(proxies, before, gone)})
