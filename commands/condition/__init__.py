"""The condition of a cluster: what its snapshots told, digested, with what is still known of what is silent now.

`condition(snapshot, before, at)` is the only way knowledge grows. Two rules hold for every subject:
- what could not be read keeps its last state, marked `known=False`;
- a state changes only when somebody who could be asked says something else than before. So a node, or a single reading,
  that falls silent never makes the words of the others look like news (`commands.condition.testimony`).
"""

from __future__ import annotations

from collections.abc import Mapping

from commands.checks import witness
from commands.condition import clocks, membership, pacemaker, service
from commands.condition.look import GONE, Look, look
from commands.condition.record import Condition, State, Subject, Topic, from_json, to_json
from commands.condition.testimony import Told, settle
from commands.snapshot import Snapshot

__all__ = ["READS", "Condition", "State", "Subject", "Topic", "condition", "from_json", "to_json", "unsettled"]

READS = ("addresses", "cib", "clock", "cmap", "haproxy", "links", "quorum", "status")
"""The fields of a snapshot that a condition is made from."""


def condition(snapshot: Snapshot, before: Condition | None = None, at: float = 0.0) -> Condition:
    """Return what is known of a cluster after a look at it. `before` is what was known until then.

    `at` is when it was, in seconds since 1970: what differs by nature for a while is told when it lasts longer.
    """
    view = look(snapshot, before, at)
    seen = membership.members(view)
    states = settle(Topic.SIGHT, membership.sights(snapshot, READS), before, view.unread)
    states |= settle(Topic.MEMBER, seen, before, view.unread)
    members = {name: state.word for (topic, name), state in states.items() if topic is Topic.MEMBER}
    # what one that has just gone said until then is void; if it is asked later, its silence counts as any other's
    gone = frozenset(
        name for name, word in members.items() if word in GONE and view.said_before(Topic.MEMBER, name) not in GONE
    )
    # and what one that is back counted until then: it has been away itself
    back = frozenset(name for name, word in members.items() if word == "joined" != view.said_before(Topic.MEMBER, name))

    def add(told: Mapping[Topic, Told]) -> None:
        for topic, words in told.items():
            states.update(settle(topic, words, before, view.unread, gone | back if topic is Topic.JOINS else gone))

    add({Topic.SERVER: service.servers(view), Topic.CLOCK: clocks.clocks(view)})
    if before is not None and view.views and (_is_changing(seen) or pacemaker.changing(view)):
        # the membership is just changing: what hangs on it waits for the next look too, lest it tells half of it
        add({topic: dict.fromkeys(before.of(topic)) for topic in _OF_THE_MEMBERS})
    else:
        add(_of_the_members(view, members))
        now = Condition(snapshot.cluster.name, states)
        add({Topic.PROXY: service.proxies(view, now.of(Topic.RESOURCE), now.of(Topic.NODE))})
    return Condition(snapshot.cluster.name, states)


def unsettled(before: Condition | None, now: Condition) -> bool:
    """Return whether it was just changing who is there or what runs, so that a look soon after tells more than the next one due."""
    if before is None or not any(state.known and state.word == "seen" for state in now.of(Topic.SIGHT).values()):
        return False
    was = before.states
    return any(
        topic in {Topic.MEMBER, Topic.NODE, Topic.RESOURCE}
        and (topic, name) in was
        and was[topic, name].known > state.known
        for (topic, name), state in now.states.items()
    )


def _is_changing(members: Told) -> bool:
    return any(state is None or not state.known for state in members.values())


def _of_the_members(view: Look, members: dict[str, str]) -> dict[Topic, Told]:
    return {
        Topic.JOINS: membership.joins(view),
        Topic.LINK: membership.links(view, members),
        Topic.QUORUM: membership.quorums(view),
        Topic.NODE: pacemaker.nodes(view, members),
        Topic.FENCED: pacemaker.fencings(view),
        Topic.CLUSTER: pacemaker.whole(view),
        Topic.DC: pacemaker.deciders(view),
        Topic.CONFIGURATION: pacemaker.configuration(view),
        Topic.RESOURCE: pacemaker.resources(view, witness.newest_cib(view.snapshot)),
        Topic.VIP: service.vips(view),
    }


_OF_THE_MEMBERS = (
    Topic.JOINS,
    Topic.LINK,
    Topic.QUORUM,
    Topic.NODE,
    Topic.FENCED,
    Topic.CLUSTER,
    Topic.DC,
    Topic.CONFIGURATION,
    Topic.RESOURCE,
    Topic.VIP,
    Topic.PROXY,
)
"""What is judged by the membership, or by what Pacemaker makes of it."""
