"""Which user groups a person is in: asked of Slack for the groups that the policy names, and kept for a few minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from bot.clock import Clock
from bot.conversation import NotDelivered
from bot.slack.api import Api, words_for

FRESH = 300.0
"""Seconds for which a group's members are believed: how long somebody removed from it keeps what it gave them."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Members:
    users: frozenset[str]
    until: float


class Groups:
    """Members of the user groups that the policy names."""

    def __init__(self, api: Api, ids: Iterable[str], clock: Clock | None = None) -> None:
        self._api = api
        self._ids = tuple(sorted(set(ids)))
        self._clock = clock or Clock()
        self._members: dict[str, _Members] = {}
        self._lock = asyncio.Lock()

    async def of(self, user: str) -> frozenset[str]:
        """Return the ids of the person's groups. A group that cannot be read gives nobody anything."""
        async with self._lock:
            stale = [group for group in self._ids if not self._is_fresh(group)]
            for group, members in zip(stale, await asyncio.gather(*map(self._read, stale)), strict=True):
                if members is None:
                    self._members.pop(group, None)
                else:
                    self._members[group] = _Members(members, self._clock.now() + FRESH)
        return frozenset(group for group, members in self._members.items() if user in members.users)

    def _is_fresh(self, group: str) -> bool:
        members = self._members.get(group)
        return members is not None and self._clock.now() < members.until

    async def _read(self, group: str) -> frozenset[str] | None:
        try:
            with words_for("usergroups.users.list"):
                answer = await self._api.repeatable.usergroups_users_list(usergroup=group)
        except NotDelivered as error:
            _log.warning("user group not read, nobody counts as in it", group=group, why=str(error))
            return None
        return frozenset(answer["users"])
