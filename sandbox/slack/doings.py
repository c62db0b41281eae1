"""What people do in the workspace: slash commands, messages, button presses, modals. Each becomes a payload to the app."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.arguments import Arguments
from sandbox.slack.delivery import EVENT, INTERACTION, SLASH, Deliveries
from sandbox.slack.grants import Origin
from sandbox.slack.inputs import NotPossible, client_complaints, picked, state_values
from sandbox.slack.methods.views import changed_view, new_view
from sandbox.slack.payloads import envelope_of_interaction, message_payload, view_payload
from sandbox.slack.records import Message, Reply, View, interactive_elements
from sandbox.slack.refusal import Refused
from sandbox.slack.responses import Responses
from sandbox.slack.site import Site
from sandbox.slack.store import new_id
from sandbox.slack.view_rules import check_view
from sandbox.slack.wire import Json
from sandbox.slack.world import Channel, User

TROUBLE = "We had some trouble connecting. Try again?"
"""What Slack's client shows in a modal whose submission the app did not acknowledge properly."""


@dataclass(frozen=True, slots=True)
class Done:
    """How something a person did went: acknowledged in time or not, with what, and what Slack showed the person.

    `delivered` is False where Slack's client never sent it (a confirm dialog dismissed, a form incomplete).
    `errors` are a form's field errors by block_id. `notice` is Slack's own word to the person.
    """

    acked: bool = False
    seconds: float = 0.0
    body: Json | None = None
    delivered: bool = True
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: str | None = None


def _done(reply: Reply, **more: Any) -> Done:  # noqa: ANN401 - Done's own fields
    return Done(acked=reply.acked, seconds=reply.seconds, body=reply.body, **more)


class Doings:
    """Acts for people. Names are resolved already: it takes users, channels and messages."""

    def __init__(self, site: Site, deliveries: Deliveries, responses: Responses) -> None:
        """Act in `site`, telling the app through `deliveries`."""
        self._site = site
        self._store = site.store
        self._deliveries = deliveries
        self._responses = responses

    # Commands and messages

    async def slash(self, user: User, channel: Channel, line: str) -> Done:
        """Type a slash command into a channel."""
        command, _, text = line.strip().partition(" ")
        if command not in self._site.world.app.commands:
            return Done(delivered=False, notice=self._tell(user, channel, f"{command} is not a valid command."))
        origin = Origin(user=user.id, channel=channel.id)
        reply = await self._deliveries.send(SLASH, self._slash_payload(user, channel, command, text, origin))
        if not reply.acked:
            words = f"{command} failed with the error “{reply.problem}”"
            return _done(reply, notice=self._tell(user, channel, words))
        if reply.body and _says_something(reply.body):
            try:
                self._responses.take(origin, Arguments(reply.body))
            except Refused as refused:
                return _done(reply, notice=self._tell(user, channel, f"{command} failed with the error “{refused.code}”"))
        return _done(reply)

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
            "response_url": self._response_url(origin),
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
        return _done(await self._deliveries.send(EVENT, payload))

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

    # Elements of messages and views

    async def use_in_message(  # noqa: PLR0913 - a press is described by all of these
        self,
        user: User,
        message: Message,
        action_id: str,
        value: Any = None,  # noqa: ANN401 - see inputs.picked
        *,
        block_id: str | None = None,
        confirm: bool = True,
    ) -> Done:
        """Press, pick or choose an element of a message."""
        block, element = _find_element(message.blocks, action_id, value, block_id)
        if element.get("confirm") and not confirm:
            return Done(delivered=False)
        channel = self._store.channels[message.channel]
        ephemeral = message.visible_to is not None
        origin = Origin(
            user=user.id,
            channel=channel.id,
            message_ts=message.ts,
            ephemeral=ephemeral,
            thread_ts=message.thread_ts,
        )
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
            **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        }
        payload = {
            **envelope_of_interaction(self._site.world, self._site.credentials, "block_actions", user),
            "container": container,
            "trigger_id": self._site.triggers.issue(user.id),
            "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
            "state": {"values": self._state(message.blocks, block, element, value)},
            "response_url": self._response_url(origin),
            "actions": [self._action(block, element, value)],
        }
        if not ephemeral:
            payload["message"] = message_payload(self._store, message)
        return _done(await self._deliveries.send(INTERACTION, payload))

    async def use_in_view(  # noqa: PLR0913 - a press is described by all of these
        self,
        user: User,
        view: View,
        action_id: str,
        value: Any = None,  # noqa: ANN401 - see inputs.picked
        *,
        block_id: str | None = None,
        confirm: bool = True,
        entered: Mapping[str, Any] | None = None,
    ) -> Done:
        """Press, pick or choose an element of a modal or Home tab, with `entered` in its other fields."""
        block, element = _find_element(view.blocks, action_id, value, block_id)
        if element.get("confirm") and not confirm:
            return Done(delivered=False)
        values = state_values(view.blocks, entered or {})
        if element["type"] not in ("button", "overflow"):
            values[block["block_id"]][action_id] = picked(element, value)
        payload = {
            **envelope_of_interaction(self._site.world, self._site.credentials, "block_actions", user),
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": self._site.triggers.issue(user.id, view.id),
            "view": view_payload(self._site.world, view, values),
            "actions": [self._action(block, element, value)],
        }
        return _done(await self._deliveries.send(INTERACTION, payload))

    def _action(self, block: Json, element: Json, value: Any) -> Json:  # noqa: ANN401 - see inputs.picked
        action = {
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "action_ts": self._store.timestamps.next(),
            **picked(element, value),
        }
        if element["type"] == "button":
            action["text"] = element["text"]
            for optional in ("style", "confirm"):
                if optional in element:
                    action[optional] = element[optional]
            if action["value"] is None:
                del action["value"]
        return action

    def _state(self, blocks: tuple[Json, ...], block: Json, element: Json, value: Any) -> Json:  # noqa: ANN401
        values = state_values(blocks, {})
        if element["type"] not in ("button", "overflow"):
            values[block["block_id"]][element["action_id"]] = picked(element, value)
        return values

    def _response_url(self, origin: Origin) -> str:
        return f"{self._site.url}/response/{self._site.response_urls.issue(origin)}"

    # Modals

    async def submit(self, user: User, view: View, entered: Mapping[str, Any]) -> Done:
        """Submit a modal; the app may answer with field errors, another view, or nothing, which closes it."""
        values = state_values(view.blocks, entered)
        complaints = client_complaints(view.blocks, values)
        if complaints:
            return Done(delivered=False, errors=complaints)
        payload = {
            **envelope_of_interaction(self._site.world, self._site.credentials, "view_submission", user),
            "trigger_id": self._site.triggers.issue(user.id, view.id),
            "view": view_payload(self._site.world, view, values),
            "response_urls": [],
        }
        reply = await self._deliveries.send(INTERACTION, payload)
        if not reply.acked:
            return _done(reply, notice=TROUBLE)
        return self._after_submission(user, view, reply)

    def _after_submission(self, user: User, view: View, reply: Reply) -> Done:
        body = reply.body or {}
        action = body.get("response_action")
        try:
            match action:
                case "errors":
                    return _done(reply, errors=_field_errors(view, body.get("errors")))
                case "update":
                    checked = check_view(body.get("view"), "modal")
                    self._store.keep_view(changed_view(self._store, view, checked))
                case "push":
                    checked = check_view(body.get("view"), "modal")
                    self._store.push_modal(new_view(self._store, user.id, checked, on=view))
                case "clear":
                    self._store.close_modal(user.id, whole_stack=True)
                case None:
                    self._store.close_modal(user.id)
                case _:
                    return _done(reply, notice=TROUBLE)
        except Refused as refused:
            return _done(reply, notice=f"{TROUBLE} ({refused.code}: {'; '.join(refused.messages)})")
        return _done(reply)

    async def close(self, user: User, view: View) -> Done:
        """Close a modal by its X or its close button; the app hears of it where the view asked to."""
        clearing = bool(view.body.get("clear_on_close"))
        closed = self._store.close_modal(user.id, whole_stack=clearing)
        done = Done(delivered=False)
        for gone in closed:
            if gone.body.get("notify_on_close"):
                payload = {
                    **envelope_of_interaction(self._site.world, self._site.credentials, "view_closed", user),
                    "view": view_payload(self._site.world, gone),
                    "is_cleared": clearing,
                }
                done = _done(await self._deliveries.send(INTERACTION, payload))
        return done

    def _tell(self, user: User, channel: Channel, words: str) -> str:
        """Slackbot's private word to a person."""
        self._store.whisper(
            Message(channel.id, self._store.timestamps.next(), "USLACKBOT", words, visible_to=user.id)
        )
        return words


def _says_something(body: Json) -> bool:
    return bool(body.get("text") or body.get("blocks") or body.get("attachments"))


def _field_errors(view: View, errors: Any) -> dict[str, str]:  # noqa: ANN401 - straight from the wire
    """The app's field errors; Slack's client cannot show one for a block that is no input of this view."""
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise Refused("invalid_arguments", ["[ERROR] errors must name input blocks of the view"])
    return {str(block_id): str(words) for block_id, words in errors.items()}


def _find_element(
    blocks: tuple[Json, ...],
    action_id: str,
    value: Any,  # noqa: ANN401 - see inputs.picked
    block_id: str | None,
) -> tuple[Json, Json]:
    """The element with this action_id; among several buttons of that name the one with this value."""
    found = [
        (block, element)
        for block, element in interactive_elements(blocks)
        if element["action_id"] == action_id and block_id in (None, block["block_id"])
    ]
    if len(found) > 1 and value is not None:
        found = [pair for pair in found if pair[1].get("value") == value] or found
    if not found:
        raise NotPossible(f"there is no element {action_id!r} to use")
    return found[0]
