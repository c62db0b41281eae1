"""What people say to the bot: slash commands, mentions, opening its Home tab."""

from __future__ import annotations

import re
import uuid

from sandbox.slack.arguments import Arguments
from sandbox.slack.delivery import EVENT, SLASH, Deliveries
from sandbox.slack.done import Done, done
from sandbox.slack.grants import Origin
from sandbox.slack.payloads import view_payload
from sandbox.slack.records import Message
from sandbox.slack.refusal import Refused
from sandbox.slack.responses import Responses
from sandbox.slack.site import Site
from sandbox.slack.store import SLACKBOT, new_id
from sandbox.slack.wire import Json
from sandbox.slack.world import Channel, User


class Talking:
    """Turns what people type into payloads for the app."""

    def __init__(self, site: Site, deliveries: Deliveries, responses: Responses) -> None:
        """Act in `site`; what comes with an acknowledgement is shown through `responses`."""
        self._site = site
        self._store = site.store
        self._deliveries = deliveries
        self._responses = responses

    async def slash(self, user: User, channel: Channel, line: str) -> Done:
        """Type a slash command into a channel."""
        command, _, text = line.strip().partition(" ")
        if command not in self._site.world.app.commands:
            return Done(delivered=False, notice=self._tell(user, channel, f"{command} is not a valid command."))
        origin = Origin(user=user.id, channel=channel.id)
        reply = await self._deliveries.send(SLASH, self._slash_payload(user, channel, command, text, origin))
        if not reply.acked:
            words = f"{command} failed with the error “{reply.problem}”"
            return done(reply, notice=self._tell(user, channel, words))
        if reply.body and _says_something(reply.body):
            try:
                self._responses.take(origin, Arguments(reply.body))
            except Refused as refused:
                return done(
                    reply, notice=self._tell(user, channel, f"{command} failed with the error “{refused.code}”")
                )
        return done(reply)

    def _slash_payload(self, user: User, channel: Channel, command: str, text: str, origin: Origin) -> Json:
        world = self._site.world
        return {
            "token": self._site.credentials.verification_token,
            "team_id": world.team.id,
            "team_domain": world.team.domain,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.is_im else channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": self._escape(text.strip()),
            "api_app_id": world.app.id,
            "is_enterprise_install": "false",
            "response_url": self._site.response_url(origin),
            "trigger_id": self._site.triggers.issue(user.id),
        }

    def _escape(self, text: str) -> str:
        """Text as Slack hands it on: `&<>` escaped and, where the manifest says so, names turned into ids."""
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return self._link(escaped, with_names=True) if self._site.world.app.escapes_commands else escaped

    def _link(self, text: str, *, with_names: bool) -> str:
        users = {user.name: user.id for user in self._store.users.values()}
        groups = {group.handle: group.id for group in self._store.groups.values()}
        channels = {channel.name: channel.id for channel in self._store.channels.values() if not channel.is_im}

        def linked(match: re.Match[str]) -> str:
            sign, name = match[1], match[2]
            label = f"|{name}" if with_names else ""
            if sign == "@" and name in users:
                return f"<@{users[name]}{label}>"
            if sign == "@" and name in groups:
                return f"<!subteam^{groups[name]}|@{name}>"
            if sign == "#" and name in channels:
                return f"<#{channels[name]}|{name}>"
            return match[0]

        return re.sub(r"(?<![\w<])([@#])([\w-]+)", linked, text)

    async def say(self, user: User, channel: Channel, text: str, thread_ts: str | None) -> tuple[Message, Done | None]:
        """Write a message; where it mentions the bot in a channel the bot is in, the app gets an app_mention."""
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        linked = self._link(re.sub(r"&lt;(@[UW][A-Z0-9]+)&gt;", r"<\1>", escaped), with_names=False)
        message = self._store.post(
            Message(channel.id, self._store.timestamps.next(), user.id, linked, thread_ts=thread_ts)
        )
        app = self._site.world.app
        mentioned = f"<@{app.bot_user.id}>" in linked
        heard = (
            app.bot_user.id in self._store.members[channel.id]
            and "app_mention" in app.events
            and "app_mentions:read" in self._site.scopes
        )
        if not (mentioned and heard):
            return message, None
        event: Json = {
            "type": "app_mention",
            "user": user.id,
            "text": linked,
            "ts": message.ts,
            "client_msg_id": str(uuid.uuid4()),
            "team": self._site.world.team.id,
            "channel": channel.id,
            "event_ts": message.ts,
        }
        if thread_ts:
            event["thread_ts"] = thread_ts
        return message, await self.event(event)

    async def event(self, event: Json) -> Done:
        """Deliver an event of the Events API."""
        world = self._site.world
        payload = {
            "token": self._site.credentials.verification_token,
            "team_id": world.team.id,
            "api_app_id": world.app.id,
            "event": event,
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": int(self._store.clock()),
            "is_ext_shared_channel": False,
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": world.team.id,
                    "user_id": world.app.bot_user.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
        }
        return done(await self._deliveries.send(EVENT, payload))

    async def open_home(self, user: User) -> Done | None:
        """Look at the app's Home tab."""
        if "app_home_opened" not in self._site.world.app.events:
            return None
        channel = self._store.direct_message(user.id)
        event: Json = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": channel.id,
            "event_ts": self._store.timestamps.next(),
            "tab": "home",
        }
        view = self._store.homes.get(user.id)
        if view:
            event["view"] = view_payload(self._site.world, self._store.views[view])
        return await self.event(event)

    def _tell(self, user: User, channel: Channel, words: str) -> str:
        """Slackbot's private word to a person."""
        self._store.whisper(Message(channel.id, self._store.timestamps.next(), SLACKBOT, words, visible_to=user.id))
        return words


def _says_something(body: Json) -> bool:
    return bool(body.get("text") or body.get("blocks") or body.get("attachments"))
