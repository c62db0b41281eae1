"""The incidents of one cluster: what a look brings is thought over, written down and handed to the outbox, all or nothing.

All of it is one transaction. So a bot that dies has either told nothing of a look, and the next one finds it again, or
has all of it waiting in the outbox: no line is lost and none comes twice. People change incidents too, from this process
or from others; what they did meanwhile is read, and the same look is thought over once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot import ids, incident_cards
from bot.incidents import Act, Incident, Rules, Seen, of_row, row_of, step
from bot.outbox.form import unseen
from bot.store import IncidentRow, OutgoingRow, SilenceRow
from bot.store.incidents import Overtaken
from bot.watch.records import event_row
from bot.watch.tools import Tools
from commands.condition import Condition, to_json
from commands.troubles import Severity
from config.inventory import ClusterSpec
from config.watch_sections import Consequence

_CONSEQUENCES: Mapping[Severity, Consequence] = {
    Severity.SERVICE: "service",
    Severity.REDUNDANCY: "redundancy",
    Severity.WARNING: "warning",
}

RECENT = timedelta(seconds=1)
"""How old what was read of the store may be when something is thought over: an incident that somebody changed meanwhile
is noticed when it is written, a silence would not be."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the store knew of a cluster at a moment: the incidents that are open or were lately, the silences in force."""

    at: datetime
    incidents: tuple[IncidentRow, ...]
    silences: tuple[SilenceRow, ...]


class Ledger:
    """Keeps the incidents of one cluster. `incidents` are those that were open when last looked."""

    def __init__(self, cluster: ClusterSpec, tools: Tools, rules: Rules) -> None:
        self.incidents: tuple[Incident, ...] = ()
        self._cluster = cluster
        self._tools = tools
        self._rules = rules

    @property
    def channel(self) -> str | None:
        """Where the cluster's alerts go."""
        return self._cluster.channels[0] if self._cluster.channels else self._tools.settings.channel

    async def recall(self) -> Recalled:
        """Read what is to be thought of with the next look, so that it need not be waited for afterwards."""
        at = self._tools.now()
        incidents = await self._tools.store.incidents(self._cluster.name, at - self._rules.flap_window)
        return Recalled(at, incidents, await self._tools.store.silences(at))

    async def take(
        self, seen: Seen, known: Condition | None, recalled: Recalled | None = None, *, kept: bool = False
    ) -> None:
        """Take what was seen or heard; of silences the store knows. `known` is what the cards tell beside it.

        `kept` says that the store has this condition already. Raises what the store raises; then nothing is kept.
        """
        while True:
            if recalled is None or seen.at - recalled.at > RECENT:
                recalled = await self.recall()
            try:
                await self._take(seen, known, recalled, kept=kept)
            except Overtaken:
                _log.info("an incident was changed by somebody meanwhile", cluster=self._cluster.name)
                recalled = None
            else:
                return

    async def show(self, known: Condition | None) -> None:
        """Show what is open and was told of: the cluster may have got its channel since. What a card says is not said again."""
        for row in await self._tools.store.open_incidents(self._cluster.name):
            incident = of_row(row)
            if self.channel is not None and incident.told and not incident.silenced:
                name, card = incident_cards.card_name(incident.id), incident_cards.card(incident, known, self._cluster)
                await self._tools.outbox.card(name, self.channel, card, urgency=incident_cards.urgency(incident))

    async def _take(self, seen: Seen, known: Condition | None, recalled: Recalled, *, kept: bool) -> None:
        store, name = self._tools.store, self._cluster.name
        rows = {row.id: row for row in recalled.incidents}
        before = {incident_id: of_row(row) for incident_id, row in rows.items()}
        seen = replace(seen, silences=recalled.silences)
        acts = step(tuple(before.values()), seen, self._rules, ids.fresh)
        if seen.condition is not None and kept and not acts and not seen.events:
            self._tools.notes.looks[name] = seen.at
        elif seen.condition is not None or acts:
            messages = tuple(self._messages(acts, known))
            write = partial(
                store.record_look,
                name,
                seen.at,
                self._tools.gap,
                None if seen.condition is None or kept else to_json(seen.condition),
                tuple(event_row(name, seen.at, event, acts, seen.own) for event in seen.events),
                tuple((rows.get(act.incident.id), row_of(act.incident)) for act in acts),
                messages,
                unseen,
            )
            await (self._tools.outbox.together(write) if messages else write())
        now = before | {act.incident.id: act.incident for act in acts}
        self.incidents = tuple(incident for incident in now.values() if incident.open)

    def _messages(self, acts: Iterable[Act], known: Condition | None) -> Iterator[OutgoingRow]:
        """Make the cards and the lines of their threads."""
        if self.channel is None:
            return
        outbox, mentions = self._tools.outbox, self._tools.settings.mentions
        for act in acts:
            if not act.show:
                continue
            incident = act.incident
            people = mentions.get(_CONSEQUENCES[incident.severity], ()) if act.mention else ()
            name, card = incident_cards.card_name(incident.id), incident_cards.card(incident, known, self._cluster)
            if act.new:
                card, people = replace(card, mentions=people), ()
            yield outbox.card_row(name, self.channel, card, urgency=incident_cards.urgency(incident))
            for line in act.lines:
                yield outbox.note_row(name, replace(incident_cards.note(line), mentions=people))
                people = ()
