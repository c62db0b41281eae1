"""Slack, asked whether it will do what the bot needs: the questions of `hacluster check`."""

from __future__ import annotations

from dataclasses import dataclass

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.check.slack import Channel, Identity
from bot.slack.api import Api, SlackRefused, words_for
from bot.slack.scopes import BOT_SCOPES, HISTORY_SCOPES


@dataclass(frozen=True, slots=True)
class Probe:
    """Asks with the bot token, and with the app-level token where there is one. Changes nothing.

    It asks by the client that repeats nothing over a broken connection: whoever runs a check wants to hear of that.
    """

    api: Api
    app_token: str | None = None

    @property
    def needed_scopes(self) -> frozenset[str]:
        """What the manifest asks for."""
        return BOT_SCOPES

    @property
    def history_scopes(self) -> frozenset[str]:
        """What finds a message again."""
        return HISTORY_SCOPES

    async def identity(self) -> Identity:
        """Say whose token this is and what it may do. Raises `NotDelivered`, `SlackRefused` for a bad token."""
        with words_for("auth.test"):
            answer = await self.api.posting.auth_test()
        return Identity(
            team=str(answer.get("team_id", "")),
            team_name=str(answer.get("team", "")),
            user=str(answer.get("user_id", "")),
            user_name=str(answer.get("user", "")),
            scopes=_scopes(answer),
        )

    async def open_socket(self) -> None:
        """Ask for a Socket Mode address, which proves the app-level token; nothing is connected."""
        with words_for("apps.connections.open"):
            await self.api.posting.apps_connections_open(app_token=self.app_token or "")

    async def channel(self, channel: str) -> Channel | None:
        """Say what the bot sees of a channel: None if nothing, as with a private one it is not in."""
        try:
            with words_for("conversations.info"):
                answer = await self.api.posting.conversations_info(channel=channel)
        except SlackRefused as error:
            if error.code == "channel_not_found":
                return None
            raise
        found: dict[str, object] = answer.get("channel", {})
        return Channel(
            name=str(found.get("name", channel)),
            member=bool(found.get("is_member")),
            archived=bool(found.get("is_archived")),
        )

    async def group_size(self, group: str) -> int | None:
        """Count a user group's members: None if there is no such group."""
        try:
            with words_for("usergroups.users.list"):
                answer = await self.api.posting.usergroups_users_list(usergroup=group)
        except SlackRefused as error:
            if error.code in {"no_such_subteam", "subteam_not_found"}:
                return None
            raise
        return len(answer.get("users", ()))


def _scopes(answer: AsyncSlackResponse) -> frozenset[str]:
    headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
    return frozenset(scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",") if scope.strip())
