"""Whether Slack will do what the bot needs: tokens, scopes, channels, user groups."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Protocol

from bot.conversation import NotDelivered
from commands.report import Finding, Level
from config.inventory import ClusterSpec
from config.settings import Settings

_KIND = {"channels:history": "public channels", "groups:history": "private channels"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is, and the scopes it has."""

    team: str
    team_name: str
    user: str
    user_name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Channel:
    """What the bot sees of a channel."""

    name: str
    member: bool
    archived: bool


class SlackProbe(Protocol):
    """The questions. Each raises `NotDelivered` when Slack cannot be reached or refuses."""

    @property
    def needed_scopes(self) -> frozenset[str]:
        """What the manifest asks for."""
        ...

    @property
    def history_scopes(self) -> frozenset[str]:
        """What finds a message again whose fate a broken connection left unknown. Optional."""
        ...

    async def identity(self) -> Identity:
        """Say whose token this is."""
        ...

    async def open_socket(self) -> None:
        """Prove the app-level token."""
        ...

    async def channel(self, channel: str) -> Channel | None:
        """Look at a channel; None if it cannot be seen."""
        ...

    async def group_size(self, group: str) -> int | None:
        """Count a user group; None if there is none."""
        ...


async def check_slack(
    settings: Settings, clusters: tuple[ClusterSpec, ...], slack: SlackProbe
) -> AsyncIterator[Finding]:
    """Check the tokens first; the rest only with a bot token that works."""
    if settings.slack.mode == "socket":
        yield await _app_token(slack)
    try:
        identity = await slack.identity()
    except NotDelivered as error:
        yield Finding(
            Level.CRITICAL, f"slack.bot_token: {error}", "Install the app again and copy its Bot User OAuth Token."
        )
        return
    yield Finding(Level.OK, f"Slack knows the bot as @{identity.user_name} in {identity.team_name} ({identity.team})")
    for finding in _scopes(identity, slack.needed_scopes, slack.history_scopes):
        yield finding
    for channel in _channels(settings, clusters):
        yield await _channel(slack, channel, identity)
    for cluster in clusters if settings.watch.enabled and settings.watch.channel is None else ():
        if not cluster.channels:
            told = f"alerts of {cluster.name} go nowhere"
            yield Finding(Level.WARNING, told, "Give it `channels`, or all of them `watch.channel`.")
    for group in sorted(_groups(settings)):
        yield await _group(slack, group)


async def _app_token(slack: SlackProbe) -> Finding:
    try:
        await slack.open_socket()
    except NotDelivered as error:
        return Finding(
            Level.CRITICAL,
            f"slack.app_token: {error}",
            "Make an app-level token with the scope connections:write, and enable Socket Mode.",
        )
    return Finding(Level.OK, "Socket Mode is open to the app-level token")


def _scopes(identity: Identity, needed: frozenset[str], history: frozenset[str]) -> Iterator[Finding]:
    missing, more = sorted(needed - identity.scopes), sorted(identity.scopes - needed - history)
    if missing:
        yield Finding(
            Level.CRITICAL,
            f"the bot token lacks {', '.join(missing)}",
            "Add the scopes as in config/slack-manifest.yaml, then install the app again.",
        )
    else:
        yield Finding(Level.OK, f"the bot token has the {len(needed)} scopes it needs")
    yield _history(history, history - identity.scopes)
    if more:
        yield Finding(Level.INFO, f"the bot token may do more than it needs: {', '.join(more)}")


def _history(wanted: frozenset[str], missing: frozenset[str]) -> Finding:
    """Tell what becomes of a message whose connection broke before Slack had answered."""
    if not missing:
        return Finding(Level.OK, "a message of unknown fate can be looked for, so that none comes twice")
    where = "" if missing == wanted else f" in {' and '.join(sorted(_KIND.get(scope, scope) for scope in missing))}"
    return Finding(
        Level.INFO,
        f"a message of unknown fate cannot be looked for{where}: it is sent again, marked `may be a repeat`",
        f"Optional: add {' and '.join(sorted(missing))}, with which the bot can read what is written in its channels.",
    )


def _channels(settings: Settings, clusters: tuple[ClusterSpec, ...]) -> tuple[str, ...]:
    of_clusters = (channel for cluster in clusters for channel in cluster.channels)
    of_watching = (settings.watch.channel,) if settings.watch.channel else ()
    of_reports = (report.channel for report in settings.reports)
    return tuple(dict.fromkeys((*of_clusters, *of_watching, *of_reports, *settings.policy.channels)))


def _groups(settings: Settings) -> set[str]:
    """Return the user groups that have a role, or are called."""
    called = {one for people in settings.watch.mentions.values() for one in people if one.startswith("S")}
    return called | {group for grant in settings.policy.grants for group in grant.groups}


async def _channel(slack: SlackProbe, channel: str, identity: Identity) -> Finding:
    try:
        found = await slack.channel(channel)
    except NotDelivered as error:
        return Finding(Level.UNKNOWN, f"channel {channel} cannot be looked at: {error}")
    invite = f"Type `/invite @{identity.user_name}` in it."
    if found is None:
        return Finding(Level.CRITICAL, f"the bot sees no channel {channel}: a wrong id, or a private one", invite)
    if found.archived:
        return Finding(Level.CRITICAL, f"#{found.name} ({channel}) is archived", "Give another channel.")
    if not found.member:
        return Finding(Level.CRITICAL, f"the bot is not in #{found.name} ({channel})", invite)
    return Finding(Level.OK, f"the bot is in #{found.name} ({channel})")


async def _group(slack: SlackProbe, group: str) -> Finding:
    try:
        size = await slack.group_size(group)
    except NotDelivered as error:
        return Finding(Level.UNKNOWN, f"user group {group} cannot be looked at: {error}")
    if size is None:
        return Finding(Level.CRITICAL, f"there is no user group {group}", "Look at the ids in policy.grants.")
    return Finding(Level.OK, f"user group {group} has {size} members")
