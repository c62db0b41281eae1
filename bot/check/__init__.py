"""`hacluster check`: tries everything the bot will need, before anyone needs it. Changes nothing.

Each thing that was tried is a finding; what is wrong comes with what to do about it. Findings come as they are known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Protocol

from bot.check.files import check_settings
from bot.check.nodes import check_nodes
from bot.check.slack import SlackProbe, check_slack
from commands.command import Runner
from commands.errors import HaclusterError
from commands.report import Finding, Level
from config.inventory import ClusterSpec
from config.settings import Settings

FAILING = frozenset({Level.CRITICAL, Level.UNKNOWN})
"""A check with one of these has not passed: something does not work, or could not be tried."""

__all__ = ["FAILING", "check", "check_settings"]


class ClusterSource(Protocol):
    """What the check asks of the store."""

    async def declared(self) -> tuple[ClusterSpec, ...]:
        """Return the clusters made from Slack."""
        ...


async def check(
    settings: Settings,
    store: ClusterSource | None,
    slack: SlackProbe | None,
    runner: Runner,
    now: Callable[[], datetime],
) -> AsyncIterator[Finding]:
    """Check the settings' files, the store (None if it does not open), Slack (None without tokens) and every node."""
    for finding in check_settings(settings):
        yield finding
    clusters = {spec.name: spec for spec in settings.clusters}
    if store is not None:
        try:
            stored = await store.declared()
            clusters = {spec.name: spec for spec in stored} | clusters
            yield Finding(Level.OK, f"the store works; clusters in it that were made from Slack: {len(stored)}")
        except HaclusterError as error:
            yield Finding(Level.CRITICAL, str(error), error.remedy)
    if slack is not None:
        async for finding in check_slack(settings, tuple(clusters.values()), slack):
            yield finding
    async for finding in check_nodes(tuple(clusters.values()), runner, now, settings.ssh.user):
        yield finding
