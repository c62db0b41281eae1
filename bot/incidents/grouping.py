"""Which incident a cause belongs to: one cause, one incident, and what an incident holds stays with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.incidents.draft import Draft
from bot.incidents.own import LASTING, explained
from bot.incidents.phrases import TOKEN
from bot.incidents.state import Incident, Phase, Rules, Seen
from commands.troubles import ALL_NODES, Trouble, What, causes

MEMBERSHIP = frozenset(
    {
        What.LINK_DOWN,
        What.NODE_LOST,
        What.NODE_STOPPED,
        What.NODE_UNCLEAN,
        What.QUORUM_LOST,
        What.RESTARTED,
        What.VIEWS_DIFFER,
    }
)
"""What an early word about links or the token may turn out to be."""

_HELD = 6


@dataclass(slots=True)
class Group:
    """Troubles of one cause, the root first, and the incident they belong to, once that is known."""

    found: tuple[Trouble, ...]
    draft: Draft | None = None

    @property
    def root(self) -> Trouble:
        """The trouble that explains the others."""
        return self.found[0]

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its troubles."""
        return frozenset(one.key for one in self.found)


def grouped(drafts: Sequence[Draft], seen: Seen, rules: Rules) -> tuple[Group, ...]:
    """Return what a look found by cause, each with its incident or none; no two of them with the same."""
    groups = _with_sight([Group(found) for _, found in causes({one.key: one for one in seen.troubles}.values())])
    fits = sorted(
        (
            (-fit, draft.now.opened, place, number)
            for place, draft in enumerate(drafts)
            for number, group in enumerate(groups)
            if (fit := _fit(draft.now, group))
        ),
    )
    taken: set[int] = set()
    for fit, _, place, number in fits:
        more = -fit == _HELD or _belongs(drafts[place].now, groups[number].root)
        if groups[number].draft is None and (more or place not in taken):
            groups[number].draft = drafts[place]
            taken.add(place)
    return _merged(groups, drafts, seen, rules)


def absorbed(drafts: Iterable[Draft], groups: Sequence[Group]) -> tuple[tuple[Draft, Group], ...]:
    """Return the open incidents that are explained by another one's cause now, each with that cause."""
    holders = {id(group.draft) for group in groups}
    return tuple(
        (draft, group)
        for draft in drafts
        if draft.now.open and id(draft) not in holders
        for group in groups
        if draft.now.cause in group.keys or draft.now.keys & group.keys or _explains(group.root, draft.now)
    )


def _fit(incident: Incident, group: Group) -> int:
    """How well a cause fits an incident; 0 for not at all."""
    root = group.root
    if not incident.open:
        return 1 if incident.cause == root.key else 0
    fits = (
        (root.key in incident.keys or _narrows(incident, root), _HELD),
        (incident.cause == root.key, 5),
        (incident.cause in group.keys, 4),
        (incident.keys & group.keys, 3),
        (_widens(incident, root) or _foretold(incident, root) or _related(incident, root), 2),
    )
    return next((fit for holds, fit in fits if holds), 0)


def _with_sight(groups: list[Group]) -> list[Group]:
    """Put a node out of the bot's sight with the links to it that are down: whatever it is, it is one thing."""
    links = [group for group in groups if group.root.what is What.LINK_DOWN]
    kept = []
    for group in groups:
        ends = {node: link for link in links for one in link.found for node in one.nodes}
        unseen = group.root.subject if group.root.what is What.SIGHT_LOST else ""
        if unseen in ends:
            ends[unseen].found = (*ends[unseen].found, *group.found)
        else:
            kept.append(group)
    return kept


def _related(incident: Incident, root: Trouble) -> bool:
    """Whether a trouble explains what an incident was about, or the other way round, though they are not seen together.

    Of a node that is lost nobody tells links any more; and what a cause has done may be there for longer than itself.
    """
    return any(
        had.key != root.key and (len(causes((root, had))) == 1 or _same_address(root, had)) for had in _had(incident)
    )


def _belongs(incident: Incident, root: Trouble) -> bool:
    """Whether a trouble belongs to an incident, however that itself is told now.

    It is what the incident's cause has left behind, or that nodes were away for a moment while a link to them is down.
    """
    had = incident.root
    if had is None or not incident.open:
        return False
    passing = root.what is What.RESTARTED and had.what is What.LINK_DOWN and _related(incident, root)
    return passing or any([one for one, _ in causes((it, root))] == [it] for it in _had(incident))


def _had(incident: Incident) -> tuple[Trouble, ...]:
    """Return what an incident is told by: what is left of it, and what began it, which may be mended by now.

    And the loss of quorum that it brought about, whose consequences outlast it.
    """
    return tuple(one for one in (incident.root, incident.about, incident.quorum) if one is not None)


def _same_address(one: Trouble, other: Trouble) -> bool:
    """Whether both say of the same floating IP that it is on no node, whatever it waits for there."""
    return one.subject == other.subject and {one.what, other.what} == {What.VIP_NOWHERE, What.VIP_WAITING}


def _explains(root: Trouble, incident: Incident) -> bool:
    """Whether a trouble explains what an incident had up to now, though that is not seen any more."""
    had = incident.root
    return had is not None and had.key != root.key and [one for one, _ in causes((root, had))] == [root]


def _narrows(incident: Incident, root: Trouble) -> bool:
    """Whether a trouble is what is left of one of all nodes."""
    return any(one.what is root.what and one.subject == ALL_NODES for one in incident.troubles)


def _widens(incident: Incident, root: Trouble) -> bool:
    """Whether a trouble is one of all nodes, which the incident had of some."""
    return root.subject == ALL_NODES and any(one.what is root.what for one in incident.troubles)


def _foretold(incident: Incident, root: Trouble) -> bool:
    """Whether an early word may have meant this."""
    if incident.confirmed or root.what not in MEMBERSHIP | {What.SIGHT_LOST}:
        return False
    blind = incident.cause == TOKEN
    return blind or (incident.phase is Phase.EARLY and not set(incident.concerns).isdisjoint(root.nodes))


def _merged(groups: Iterable[Group], drafts: Iterable[Draft], seen: Seen, rules: Rules) -> tuple[Group, ...]:
    """Put together what belongs to one incident, or is new and brought about by one change of the bot's own."""
    merged: dict[object, Group] = {}
    for group in groups:
        because = explained(group.found, seen, rules)
        if group.draft is None and because is not None:
            group.draft = next((one for one in drafts if one.now.open and one.now.own == because.text), None)
        mark: object = id(group.draft) if group.draft is not None else because or group.root.key
        if (with_this := merged.get(mark)) is None:
            merged[mark] = group
        else:
            with_this.found = _joined(with_this, group)
    return tuple(merged.values())


def _joined(one: Group, other: Group) -> tuple[Trouble, ...]:
    """Join two groups. What somebody did leads, else what is worse; between equals what it was about so far."""
    about = one.draft.now.cause if one.draft else one.root.key

    def order(found: tuple[Trouble, ...]) -> tuple[bool, int, bool]:
        root = found[0]
        return root.what not in LASTING, -root.severity, root.key != about

    first, second = sorted((one.found, other.found), key=order)
    return (*first, *second)
