"""Early words: what a stream's line opens, adds to, or takes back, before any look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.incidents.draft import Draft
from bot.incidents.grouping import MEMBERSHIP
from bot.incidents.phrases import TOKEN
from bot.incidents.state import Phase, Rules, Seen
from commands.condition import Condition, Topic
from commands.condition.look import SHUTTING_DOWN
from commands.signals import Signal, SignalKind
from commands.troubles import Severity, Trouble, What, causes

STALE = timedelta(seconds=60)
"""A line older than that is no early word: a journal that is resumed tells the past."""
WORDS = frozenset({SignalKind.LINK_DOWN, SignalKind.LINK_UP, SignalKind.TOKEN_LATE, SignalKind.TOKEN_LOST})
"""The signals that are early words. All others are worth a look, and no word."""


@dataclass(slots=True)
class Ear:
    """Hears the signals of one step."""

    drafts: list[Draft]
    seen: Seen
    rules: Rules
    fresh_id: Callable[[], str]

    def hear(self, signal: Signal) -> None:
        """Take one signal."""
        at = _at(signal, self.seen.at)
        if self.seen.at - at > STALE:
            return
        match signal.kind:
            case SignalKind.LINK_DOWN:
                self._link_down(signal, at)
            case SignalKind.LINK_UP:
                self._link_up(signal, at)
            case SignalKind.TOKEN_LATE | SignalKind.TOKEN_LOST:
                self._token(signal, at)
            case _:
                pass  # none of `WORDS`

    def _link_down(self, signal: Signal, at: datetime) -> None:
        far = self._far(signal)
        if far is None:
            return
        if self._is_leaving(far) or self._is_leaving(signal.witness):
            return  # it takes its links with it: the look tells
        trouble = _link_trouble(signal, far)
        if any(self._holds(draft, trouble) for draft in self.drafts):
            return
        pair = frozenset(trouble.nodes)
        there = self._unseen_about(pair) or self._down_with(trouble)
        if there is not None:
            there.tell_once(trouble.text)
            return
        draft = self._gone_about(trouble.key, pair) or self._early_about(pair) or self._nobody_yet()
        if draft is None:
            draft = Draft.begun(self.seen.cluster, trouble.key, (trouble,), self.seen.at, self.rules, self.fresh_id)
            self.drafts.append(draft)
            draft.tell(trouble.text)
        elif draft.now.phase is Phase.EARLY:
            draft.early((*draft.now.troubles, trouble), "" if draft.now.troubles else trouble.text)
        elif at > draft.now.turned:  # what is told a second time, by a slower stream, is older than what is known
            draft.early((trouble,), trouble.text)

    def _link_up(self, signal: Signal, at: datetime) -> None:
        far = self._far(signal)
        for draft in self.drafts:
            incident = draft.now
            if far is None or incident.phase is not Phase.EARLY or at < incident.turned:
                continue
            pair = {signal.witness, far}
            left = tuple(one for one in incident.troubles if not (set(one.nodes) == pair and _is_link(one, signal)))
            if not left and incident.troubles:
                draft.gone()
            elif left != incident.troubles:
                draft.early(left, "")

    def _token(self, signal: Signal, at: datetime) -> None:
        told = "is overdue" if signal.kind is SignalKind.TOKEN_LATE else "is lost: it finds out who does not answer"
        text = f"{signal.witness}: corosync's token {told}"
        about = [draft for draft in self.drafts if draft.now.phase in {Phase.EARLY, Phase.CONFIRMED}]
        for draft in about:
            root = draft.now.root
            if root is None or root.what in MEMBERSHIP | {What.SIGHT_LOST}:
                draft.tell_once(text)
                return
        gone = next((draft for draft in self.drafts if draft.now.cause == TOKEN), None)
        if gone is None:
            draft = Draft.begun(self.seen.cluster, TOKEN, (), self.seen.at, self.rules, self.fresh_id)
            self.drafts.append(draft)
            draft.tell(text)
        elif at > gone.now.turned:
            gone.early((), text)

    def _is_leaving(self, node: str) -> bool:
        """Whether a node was seen being stopped, or stopped."""
        known = self.seen.known
        if known is None:
            return False
        state = known.get(Topic.NODE, node)
        stopping = state is not None and (state.word == "stopped" or state.detail == SHUTTING_DOWN)
        return stopping or known.word(Topic.MEMBER, node) == "stopped"

    def _far(self, signal: Signal) -> str | None:
        """Return the node at the other end, if its name is known."""
        return self.seen.names.get(signal.node_id) if signal.node_id is not None else None

    def _holds(self, draft: Draft, trouble: Trouble) -> bool:
        """Whether an incident tells of this already, or of what explains it."""
        incident, root = draft.now, draft.now.root
        if trouble.key in incident.keys or root is None:
            return trouble.key in incident.keys
        if incident.phase is Phase.EARLY:
            whole_pair = trouble.subject.count("/") == 1
            return whole_pair and any(set(one.nodes) == set(trouble.nodes) for one in incident.troubles)
        about = not set(root.nodes).isdisjoint(trouble.nodes)
        return (
            about
            and root.what in MEMBERSHIP
            and (root.what is not What.LINK_DOWN or set(root.nodes) == set(trouble.nodes))
        )

    def _unseen_about(self, pair: frozenset[str]) -> Draft | None:
        """Return the incident that the bot cannot see one of the two: the link goes with it."""
        for draft in self.drafts:
            root = draft.now.root
            if root is not None and root.what is What.SIGHT_LOST and not pair.isdisjoint(root.nodes):
                return draft
        return None

    def _down_with(self, trouble: Trouble) -> Draft | None:
        """Return the confirmed incident of a link that has one cause with this one: a look will put them together."""
        for draft in self.drafts:
            root = draft.now.root
            if draft.now.phase is not Phase.CONFIRMED or root is None or root.what is not What.LINK_DOWN:
                continue
            if root.key != trouble.key and len(causes((root, trouble))) == 1:
                return draft
        return None

    def _early_about(self, pair: frozenset[str]) -> Draft | None:
        """Return the early incident whose links all have one node in common with this one."""
        for draft in self.drafts:
            incident = draft.now
            early = incident.phase is Phase.EARLY and bool(incident.troubles)
            if early and pair.intersection(*(one.nodes for one in incident.troubles)):
                return draft
        return None

    def _nobody_yet(self) -> Draft | None:
        """Return the early incident of an overdue token: a link that is down says whose it is."""
        about = (draft for draft in self.drafts if draft.now.phase is Phase.EARLY and draft.now.cause == TOKEN)
        return next(about, None)

    def _gone_about(self, key: str, pair: frozenset[str]) -> Draft | None:
        """Return the incident about this link, else this pair's links, that recovers or did lately: it comes back."""
        gone = [
            draft
            for draft in self.drafts
            if draft.now.phase in {Phase.RECOVERING, Phase.RESOLVED}
            and not draft.now.part_of
            and _ends(draft.now.cause) == pair
        ]
        # an open one first, and of those the one about this very link
        return min(gone, key=lambda draft: (not draft.now.open, draft.now.cause != key), default=None)


def unborne(draft: Draft, condition: Condition) -> None:
    """Take that a look found nothing of an early incident: a link that is seen up again, or nothing for a while."""
    left = tuple(one for one in draft.now.troubles if not _seen_up(one, condition))
    if draft.now.troubles and not left:
        draft.gone()
    elif left != draft.now.troubles:
        draft.early(left, "")
    elif draft.at - max(draft.now.turned, *(line.at for line in draft.now.lines)) >= draft.rules.hold_down:
        draft.withdraw()


def _seen_up(trouble: Trouble, condition: Condition) -> bool:
    """Whether every link that the word was about is up, by a witness of this very look."""
    states = condition.of(Topic.LINK)
    about = [state for name, state in states.items() if f"{name}/".startswith(f"{trouble.subject}/")]
    return bool(about) and all(state.known and state.word == "up" for state in about)


def _ends(cause: str) -> frozenset[str]:
    """Return the two nodes of a link's cause; nothing for another cause."""
    what, _, subject = cause.partition(":")
    return frozenset(subject.split("/")[:2]) if what == What.LINK_DOWN else frozenset()


def _at(signal: Signal, heard: datetime) -> datetime:
    """Return when it was: by the witness's clock where told, but never in the future."""
    return heard if signal.at is None else min(heard, datetime.fromtimestamp(signal.at, UTC))


def _is_link(trouble: Trouble, signal: Signal) -> bool:
    """Whether a trouble is of the signal's link: one that is up ends `no link at all`, too."""
    number = trouble.subject.split("/")[2:]
    return not number or signal.link is None or number == [str(signal.link)]


def _link_trouble(signal: Signal, far: str) -> Trouble:
    """Return the trouble that a look would find, if it bears the signal out: with the same key."""
    here, there = sorted((signal.witness, far))
    number = "" if signal.link is None else f"/{signal.link}"
    what = "no link works" if signal.link is None else f"link {signal.link} is down"
    return Trouble(
        What.LINK_DOWN,
        f"{here}/{there}{number}",
        Severity.WARNING,
        f"{what} between {here} and {there}, as {signal.witness} sees it",
        nodes=(here, there),
        witnesses=(signal.witness,),
    )
