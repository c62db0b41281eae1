"""Where a plan is shown: the message that is its card, in Slack or in a terminal, and whether that tells its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot import cards, ids
from bot.conversation import TERMINAL, Actor, Place, Ref, Surface
from bot.outbox.form import to_json
from bot.store.rows import OutgoingRow, PlanRow
from bot.world import World
from commands.report import Report, Text
from config.inventory import ClusterSpec
from config.policy import LOCAL

_URGENT = 1
"""Somebody waits for it."""


class PlanMessages:
    """The messages of plans. `surface_of` leads to any place in Slack; None in a terminal, which reaches none."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.surface_of: Callable[[Place], Surface] | None = None

    async def announced(self, row: PlanRow, cluster: ClusterSpec, card: Report) -> Report:
        """Show what is asked for in a terminal in its cluster's channel too; return the card with a word on that."""
        if self.surface_of is not None:
            return card
        channel = await self.also_in_slack(row, cluster, card, as_card=True)
        told = (
            f"The bot that serves Slack shows it in the channel `{channel}` too, with its buttons."
            if channel
            else f"No channel is set for `{cluster.name}`, so nobody is shown this in Slack: give them the id `{row.id}`."
        )
        return replace(card, parts=(*card.parts, Text(told)))

    async def also_in_slack(
        self, row: PlanRow, cluster: ClusterSpec, report: Report, *, as_card: bool = False, key: str | None = None
    ) -> str:
        """Let people in Slack see what a terminal shows: hand it in for the bot that sends. Return the channel, "" for none.

        `as_card` makes it the plan's card; of several with one `key` only the first is sent.
        """
        channel = (
            row.card.channel if row.card is not None else next(iter(cluster.channels), self._world.fallback_channel)
        )
        if channel:
            now, store = self._world.now(), self._world.needed_store()
            name = card_name(row.id) if as_card else None
            await store.put_message(
                OutgoingRow(ids.fresh(), channel, to_json(report), _URGENT, created=now, since=now, card=name, key=key)
            )
        return channel

    async def shown(self, row: PlanRow, ref: Ref) -> None:
        """Note where a plan is shown. What a terminal shows nobody else can ever edit, so that is not noted."""
        if ref.channel != TERMINAL:
            await self._world.needed_store().set_message(row.id, ref.channel, ref.ts)

    async def of(self, row: PlanRow, message: Ref | None, surface: Surface) -> tuple[Surface, Ref]:
        """Return where the plan's card is. Whoever typed elsewhere sees what they do on the card, or in the terminal.

        `message` is the card whose button was pressed; None where somebody typed.
        """
        if message is not None:
            if row.card is None:  # the bot died between showing it and writing down where
                await self.shown(row, message)
            return surface, message
        if self.surface_of is not None and row.card is not None:
            return self.surface_of(place_of(row)), row.card
        return surface, await surface.post(cards.ended(row.cluster, row.verb, f"— `{row.text}`"))

    async def told(self, row: PlanRow, card: Ref) -> None:
        """Note that the card says how the plan ended, unless that was told in another place than the card."""
        if row.card in {None, card}:
            await self._world.needed_store().plan_told(row.id)

    def is_elsewhere(self, row: PlanRow, card: Ref) -> bool:
        """Whether what is done is shown elsewhere than on the plan's own card, which people in Slack look at."""
        return row.card is not None and row.card != card


def card_name(plan_id: str) -> str:
    """Return what the outbox knows the card of a plan by that was asked for in a terminal."""
    return f"plan:{plan_id}"


def place_of(row: PlanRow) -> Place:
    """Return the place that a plan's card is in."""
    if row.card is None or row.card.channel == row.channel:
        return Place(row.channel, row.thread_ts)
    return Place(row.card.channel)


def typed_in(row: PlanRow, actor: Actor, message: Ref | None, place: Place | None) -> str:
    """Return where somebody typed their word on a plan, to be told on its card; "" where they were right there."""
    if message is not None:
        return ""
    if actor.team == LOCAL:
        return TERMINAL
    there = row.card.channel if row.card is not None else None
    return "" if place is None or place.channel == there else place.channel
