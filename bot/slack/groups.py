"""Which user groups a person is in: asked of Slack for the groups that the policy names.

They are read again and again in the background, so that nobody who clicks waits for that; a click that lets a change go
has them read anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from bot.clock import Clock
from bot.conversation import NotDelivered
from bot.rights import Membership
from bot.slack.api import Api, SlackRefused, words_for

REFRESH = 120.0
"""Seconds between two readings in the background."""
BELIEVED = 600.0
"""Seconds for which a group's members are believed while Slack cannot be asked: how long somebody removed from it keeps
what it gave them, but for the clicks that let a change go."""
ANEW = 5.0
"""How old a reading may be, in seconds, to count as anew: of two who click at once the second need not ask again."""
PATIENCE = 2.0
"""Seconds that a click waits for Slack."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Members:
    users: frozenset[str]
    at: float


class Groups:
    """Members of the user groups that the policy names. A group that cannot be read gives nobody anything."""

    def __init__(self, api: Api, ids: Iterable[str], clock: Clock | None = None) -> None:
        self._api = api
        self._ids = tuple(sorted(set(ids)))
        self._clock = clock or Clock()
        self._members: dict[str, _Members] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}

    async def of(self, user: str) -> frozenset[str]:
        """Return the ids of the person's groups. It asks Slack only for what was never read, or too long ago."""
        await self._read_older_than(BELIEVED)
        return self._known(BELIEVED).of(user)

    async def anew(self) -> Membership:
        """Return who is in which group now, as Slack says within `PATIENCE` seconds."""
        await self._read_older_than(ANEW)
        return self._known(ANEW + PATIENCE)

    async def refresh(self) -> None:
        """Read them all again, so that they are at hand when somebody clicks."""
        await self._read_older_than(0.0)

    async def _read_older_than(self, seconds: float) -> None:
        """Read what was not read for so long, for as long as a click waits. A slow answer counts when it comes."""
        old = [group for group in self._ids if not self._is_known(group, seconds)]
        for group in old:
            if group not in self._reading:
                self._reading[group] = asyncio.create_task(self._read(group), name=group)
                self._reading[group].add_done_callback(lambda read: self._reading.pop(read.get_name(), None))
        if not old:
            return
        patience = asyncio.ensure_future(self._clock.sleep(PATIENCE))
        reads = asyncio.gather(*(self._reading[group] for group in old), return_exceptions=True)
        both: set[asyncio.Future[Any]] = {patience, reads}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()

    def _known(self, seconds: float) -> Membership:
        known = {group: self._members[group].users for group in self._ids if self._is_known(group, seconds)}
        return Membership(known, tuple(group for group in self._ids if group not in known))

    def _is_known(self, group: str, seconds: float) -> bool:
        members = self._members.get(group)
        return members is not None and self._clock.now() - members.at < seconds

    async def _read(self, group: str) -> None:
        begun = self._clock.now()
        try:
            with words_for("usergroups.users.list"):
                answer = await self._api.repeatable.usergroups_users_list(usergroup=group)
        except SlackRefused as error:  # a certain no, which no patience changes
            self._members.pop(group, None)
            _log.warning("user group not read, nobody counts as in it", group=group, why=str(error))
        except NotDelivered as error:
            _log.warning("user group not read", group=group, why=str(error), believed=BELIEVED)
        else:
            self._members[group] = _Members(frozenset(answer["users"]), begun)
