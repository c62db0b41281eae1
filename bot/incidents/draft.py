"""One incident while a step works on it: how it begins, turns, flaps and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from bot.incidents import phrases
from bot.incidents.own import LASTING
from bot.incidents.phrases import span
from bot.incidents.state import Act, Incident, Line, Phase, Rules
from commands.troubles import Severity, Trouble, What, causes

MOST_LINES = 200
"""Lines that an incident keeps: the oldest are dropped."""
SMALL = frozenset({What.LINK_DOWN, What.PROXY_DOWN, What.SERVER_DOWN, What.SIGHT_LOST, What.RESOURCE_STOPPED})
"""Troubles that are worth no line where they merely come with another one; the card has them all."""
BRIEF = frozenset({What.LINK_DOWN, What.SIGHT_LOST})
"""What mostly passes by itself: people are called only if it lasts as long as an incident is held down."""
AFTERMATH = timedelta(seconds=60)
"""How long after a quorum is back what does not run is still put down to its loss."""
_VIPS = frozenset({What.VIP_WAITING, What.VIP_NOWHERE, What.VIP_DOUBLED})
"""Where these go when they are over, an event tells."""


@dataclass(slots=True)
class Draft:
    """An incident as it becomes. `before` is None for a new one."""

    now: Incident
    before: Incident | None
    at: datetime
    rules: Rules
    lines: list[str] = field(default_factory=list)
    mention: bool = False

    @classmethod
    def begun(
        cls,
        cluster: str,
        key: str,
        troubles: tuple[Trouble, ...],
        at: datetime,
        rules: Rules,
        fresh_id: Callable[[], str],
    ) -> Self:
        """Begin an early incident."""
        root = troubles[0] if troubles else None
        incident = Incident(
            id=fresh_id(),
            cluster=cluster,
            cause=key,
            phase=Phase.EARLY,
            severity=root.severity if root else Severity.WARNING,
            title=phrases.headline(troubles) if troubles else phrases.now(key),
            opened=at,
            changed=at,
            turned=at,
            troubles=troubles,
            concerns=root.nodes if root else (),
        )
        return cls(incident, None, at, rules)

    def change(self, **fields: Any) -> None:
        """Change some of its fields."""
        self.now = replace(self.now, **fields)

    def tell(self, text: str) -> None:
        """Add a line to its course, unless that very line is there."""
        line = Line(self.at, text)
        if line not in self.now.lines:
            self.change(lines=(*self.now.lines, line)[-MOST_LINES:])
            self.lines.append(text)

    def tell_once(self, text: str) -> None:
        """Add a line, unless it was told since its troubles came."""
        if not any(line.text.endswith(text) and line.at >= self.now.turned for line in self.now.lines):
            self.tell(text)

    # ------------------------------------------------------------------ what is there

    def present(self, found: tuple[Trouble, ...], because: str) -> None:
        """Take what a look found of it, the root first. `because` is what the bot itself did that explains it, or ""."""
        was = self.now
        root = found[0]
        gone = was.phase in {Phase.RECOVERING, Phase.RESOLVED}
        back = gone and (was.about is None or root.key in {was.cause, was.about.key})
        if back:
            self._came_back()
        elif gone:
            self.change(turned=self.at, closed=None)
        self._keep_quorum(found)
        self.change(
            phase=Phase.CONFIRMED,
            confirmed=True,
            cause=root.key,
            severity=max(self.now.severity, *(one.severity for one in found)),
            troubles=found,
            title=phrases.headline(found),
            concerns=tuple(sorted(root.nodes)),
            about=_told_by(self.now.about, root, self.now.quorum),
            own=because,
        )
        if not self.now.flapping:
            self._tell_what_is_new(was, found, back=back, because=because)
        elif not back and self.at - was.turned >= self.rules.flap_quiet:
            self.change(flapping=False, returns=())
            self.tell(f"it comes and goes no longer: {self.now.title}")

    def _keep_quorum(self, found: tuple[Trouble, ...]) -> None:
        was, lost = self.now, next((one for one in found if one.what is What.QUORUM_LOST), None)
        if lost is not None:
            self.change(quorum=lost, quorum_back=None)
        elif was.quorum is not None and was.quorum_back is None:
            self.change(quorum_back=self.at)
        elif was.quorum_back is not None and self.at - was.quorum_back > AFTERMATH:
            self.change(quorum=None, quorum_back=None)

    def _tell_what_is_new(self, was: Incident, found: tuple[Trouble, ...], *, back: bool, because: str) -> None:
        root = found[0]
        if not was.lines:
            self.tell(root.text)
            return  # the card says the rest from the first
        if was.phase is Phase.EARLY:
            self.tell(f"confirmed: {root.text}")
        elif back:
            self.tell(f"again: {root.text}")
        elif root.key != was.cause:
            self.tell(root.text if root.key not in was.keys else f"still so: {root.text}")
        if because and because != was.own:
            self.tell(f"this is the bot's own doing: {because}")
        for one in found[1:]:
            if one.key not in was.keys and one.what not in SMALL and one.what is not root.what:
                self.tell(one.text)
        gone = [one for one in was.troubles if one.key not in self.now.keys and one.what not in SMALL | _VIPS]
        for one in gone if was.phase is Phase.CONFIRMED else ():
            self.tell(phrases.over(one.key))

    def early(self, troubles: tuple[Trouble, ...], text: str) -> None:
        """Take what a stream says: anew, or more of it. Back after it had gone, it is a flap."""
        if self.now.phase in {Phase.RECOVERING, Phase.RESOLVED}:
            self._came_back()
            self.change(phase=Phase.EARLY)
            text = f"again: {text}"
        if troubles:
            root = troubles[0]
            concerns = tuple(sorted({node for one in troubles for node in one.nodes}))
            self.change(troubles=troubles, cause=root.key, title=phrases.headline(troubles), concerns=concerns)
        else:
            self.change(title=phrases.now(self.now.cause))
        if text and not self.now.flapping:
            self.tell(text)

    def _came_back(self) -> None:
        was, rules = self.now, self.rules
        returns = (*(one for one in was.returns if self.at - one <= rules.flap_window), self.at)
        self.change(turned=self.at, closed=None, returns=returns, flaps=was.flaps + 1, part_of="")
        if was.phase is Phase.RESOLVED and not was.flapping:
            self.change(called=None, called_for=0, escalated=None, acknowledged="", severity=Severity.WARNING)
        if was.phase is Phase.RESOLVED:
            self.change(about=None)
        if len(returns) < rules.flap_count:
            self.change(flapping=False)
        elif not was.flapping:
            self.change(flapping=True)
            first = span(self.at - returns[0])
            self.tell(f"it is flapping: back {len(returns)} times within {first}. I keep to this card and count")

    # ------------------------------------------------------------------ what is gone

    def gone(self, text: str = "") -> None:
        """Take that nothing of it is seen any more. `text` says so better than the root's own phrase, where given."""
        was = self.now
        self.change(phase=Phase.RECOVERING, turned=self.at, troubles=(), title=phrases.over(was.cause))
        if not was.flapping:
            after = f" after {span(self.at - was.turned)}" if phrases.lasts(was.cause) else ""
            self.tell(f"{text or phrases.over(was.cause)}{after}; resolved if it stays so")

    def quiet(self) -> None:
        """Resolve it if nothing of it was seen for long enough: longer where it flaps."""
        was = self.now
        if self.at - was.turned < (self.rules.flap_quiet if was.flapping else self.rules.hold_down):
            return
        key = was.about.key if was.about else was.cause
        what = phrases.past(key)
        if was.flaps:
            times = "once" if was.flaps == 1 else f"{was.flaps} times"
            what = f"{what}, came back {times} within {span(was.turned - was.opened)}"
        elif phrases.lasts(key):
            what += f" for {span(was.turned - was.opened)}"
        self._resolve(what, f"resolved: {what}" if was.confirmed else f"resolved: {what}; no look saw anything wrong")

    def withdraw(self) -> None:
        """Resolve an early word that no look has borne out."""
        what = f"{phrases.past(self.now.cause)}, by a stream's word only"
        self.change(turned=self.at)
        self._resolve(what, "resolved: no look saw anything wrong since, so it was a short interruption")

    def absorb(self, other: Incident) -> None:
        """Resolve it, since another incident turned out to explain it."""
        self._resolve(f"{phrases.past(self.now.cause)}: part of another incident", f"this is part of: {other.title}")
        self.change(part_of=other.id)

    def _resolve(self, title: str, line: str) -> None:
        self.change(phase=Phase.RESOLVED, closed=self.at, troubles=(), title=title)
        self.tell(line)

    # ------------------------------------------------------------------ whom to tell

    def settle(self, silence: str) -> None:
        """Decide whether it is shown, and whether people are called. `silence` is the id of the one in force."""
        if silence != self.now.silenced:
            self.change(silenced=silence)
            self.tell("silenced: nobody is called about it" if silence else "silenced no longer")
        said, self.now = self.now.unsaid, replace(self.now, unsaid=())
        self.lines[:0] = said
        incident = self.now
        root = incident.root
        passing = bool(incident.own) and (root is None or root.what not in LASTING)
        if incident.phase in {Phase.EARLY, Phase.CONFIRMED} and not (silence or passing):
            self.change(told=True)
        if incident.open and self.now.told and not (silence or incident.own):
            self._call()

    def _call(self) -> None:
        incident, root = self.now, self.now.root
        passing = root is not None and root.what in BRIEF and self.at - incident.turned < self.rules.hold_down
        certain = (incident.phase is Phase.CONFIRMED and not passing) or incident.flapping
        if certain and incident.severity > incident.called_for:
            self.mention = True
            self.change(called=self.at, called_for=int(incident.severity), escalated=None)
        elif self._overdue(incident):
            self.mention = True
            self.change(escalated=self.at)
            self.tell(f"nobody has acknowledged this for {span(self.at - (incident.called or self.at))}")
        if self.mention and not self.lines:
            self.tell(f"still so: {incident.title}")

    def _overdue(self, incident: Incident) -> bool:
        """Whether people are to be called again: once, or again and again where the service is lost."""
        last = incident.escalated or incident.called
        again = incident.escalated is None or incident.severity is Severity.SERVICE
        waits = incident.phase is Phase.CONFIRMED and not incident.acknowledged
        return waits and again and last is not None and self.at - last >= self.rules.escalate_after

    def act(self) -> Act | None:
        """Return what is to be done; None if nothing changed, or if it was over before anybody could be told."""
        if self.now == self.before or (self.before is None and not self.now.open):
            return None
        self.change(changed=self.at)
        shown_before = self.before is not None and self.before.told
        lines = self.lines[1:] if self.before is None else self.lines
        return Act(
            self.now,
            self.now.told and not shown_before,
            tuple(lines) if not (self.now.silenced and self.now.open) else (),
            self.mention,
            self.now.told,
        )


def _told_by(before: Trouble | None, root: Trouble, quorum: Trouble | None) -> Trouble:
    """Return which of two roots an incident is told by: the one that explains the other, else the later one.

    What the loss of a quorum left behind is explained by what cost the quorum.
    """
    if before is None or before.key == root.key:
        return root
    passing = root.what is What.RESTARTED or (root.what is What.RESOURCE_FAILED and root.severity is Severity.WARNING)
    explained = [one for one, _ in causes((before, root))] == [before]
    left = quorum is not None and [one for one, _ in causes((quorum, root))] == [quorum]
    return before if passing or explained or left else root
