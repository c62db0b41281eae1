"""One step: the open incidents and what was seen and heard in, what became of them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.incidents.draft import Draft
from bot.incidents.early import Ear, unborne
from bot.incidents.grouping import Group, absorbed, grouped
from bot.incidents.own import LASTING, explained
from bot.incidents.state import Act, Incident, Phase, Rules, Seen, Silence
from commands.condition import Condition
from commands.events import Event, Kind
from commands.troubles import Severity

COURSE = frozenset({Kind.NODE_FENCED, Kind.RESOURCE_MOVED, Kind.VIP_MOVED, Kind.VIP_SERVED})
"""Events that are worth a line: what is done about an incident. What is wrong is told from the troubles."""


def step(open_: tuple[Incident, ...], seen: Seen, rules: Rules, fresh_id: Callable[[], str]) -> tuple[Act, ...]:
    """Return what is to be done about the incidents that changed, and about new ones.

    `open_` are the cluster's open incidents. Those resolved within `rules.flap_window` may be among them: a cause that
    comes back then continues its incident, so that what comes and goes slowly is one incident too.
    """
    drafts = [Draft(incident, incident, seen.at, rules) for incident in open_]
    ear = Ear(drafts, seen, rules, fresh_id)
    for signal in seen.signals:
        ear.hear(signal)
    if seen.condition is not None:
        _look(drafts, seen, seen.condition, rules, fresh_id)
    for draft in drafts:
        if draft.now.open or (draft.before is not None and draft.before.open):
            _annotate_early(draft, seen, rules)
            draft.settle(_silence(draft.now, seen.silences))
    return tuple(act for draft in drafts if (act := draft.act()) is not None)


def _look(drafts: list[Draft], seen: Seen, condition: Condition, rules: Rules, fresh_id: Callable[[], str]) -> None:
    groups = grouped(drafts, seen, rules)
    for group in groups:
        if group.draft is None:
            group.draft = Draft.begun(seen.cluster, group.root.key, (), seen.at, rules, fresh_id)
            drafts.append(group.draft)
        group.draft.present(group.found, _because(group, group.draft, seen, rules))
    for draft, group in absorbed(drafts, groups):
        if draft.now.open and group.draft is not None:
            draft.absorb(group.draft.now)
    _course(drafts, seen.events)
    present = {id(group.draft) for group in groups}
    for draft in drafts:
        if id(draft) not in present:
            _absent(draft, condition)


def _absent(draft: Draft, condition: Condition) -> None:
    """Take that a look found nothing of an incident."""
    match draft.now.phase:
        case Phase.EARLY:
            unborne(draft, condition)
        case Phase.CONFIRMED:
            draft.gone()
        case Phase.RECOVERING:
            draft.quiet()
        case Phase.RESOLVED:
            pass


def _because(group: Group, draft: Draft, seen: Seen, rules: Rules) -> str:
    """Return what the bot itself did that explains a cause: not what it does about one that was there before.

    What is meant to last stays explained while it lasts.
    """
    found = explained(group.found, seen, rules)
    there = group.root.key in draft.now.keys
    if found is not None and not (there and draft.now.turned < found.change.begun):
        return found.text
    return draft.now.own if there and group.root.what in LASTING else ""


def _annotate_early(draft: Draft, seen: Seen, rules: Rules) -> None:
    """Hold back an early word that a change of the bot's own brings about."""
    if draft.now.phase is Phase.EARLY and draft.now.troubles:
        found = explained(draft.now.troubles, seen, rules)
        draft.change(own=found.text if found else "")


def _course(drafts: Iterable[Draft], events: Iterable[Event]) -> None:
    """Add what happened to the first incident that it concerns."""
    for event in events:
        if event.kind not in COURSE:
            continue
        for draft in drafts:
            if draft.now.open and not draft.now.flapping and _concerns(draft, event):
                draft.tell(event.text)
                break


def _concerns(draft: Draft, event: Event) -> bool:
    was = draft.before.troubles if draft.before else ()
    subjects = {one.subject for one in (*draft.now.troubles, *was)}
    return event.subject in {*subjects, *draft.now.concerns} or not set(draft.now.concerns).isdisjoint(event.nodes)


def _silence(incident: Incident, silences: Iterable[Silence]) -> str:
    """Return the id of the silence that is about an incident, "" if there is none.

    One of a node silences what costs the service only if nothing but that node is concerned.
    """
    mine = [one for one in silences if one.cluster == incident.cluster]
    for one in mine:
        if one.incident == incident.id or not (one.incident or one.node):
            return one.id
    by_node = {one.node: one.id for one in mine if one.node and not one.incident}
    hit = [by_node[node] for node in incident.concerns if node in by_node]
    whole = len(hit) == len(incident.concerns)
    return hit[0] if hit and (whole or incident.severity < Severity.SERVICE) else ""
