"""What people press and pick: elements of messages, modals and Home tabs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.slack.delivery import INTERACTION, Deliveries
from sandbox.slack.done import Done, done
from sandbox.slack.grants import Origin
from sandbox.slack.inputs import NotPossible, picked, state_values
from sandbox.slack.payloads import envelope_of_interaction, message_payload, view_payload
from sandbox.slack.records import Message, View, interactive_elements
from sandbox.slack.site import Site
from sandbox.slack.wire import Json
from sandbox.slack.world import User


class Pressing:
    """Turns the use of an element into a block_actions payload."""

    def __init__(self, site: Site, deliveries: Deliveries) -> None:
        """Act in `site`."""
        self._site = site
        self._store = site.store
        self._deliveries = deliveries

    async def use_in_message(
        self,
        user: User,
        message: Message,
        action_id: str,
        value: Any = None,
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
            "response_url": self._site.response_url(origin),
            "actions": [self._action(block, element, value)],
        }
        if not ephemeral:
            payload["message"] = message_payload(self._store, message)
        return done(await self._deliveries.send(INTERACTION, payload))

    async def use_in_view(
        self,
        user: User,
        view: View,
        action_id: str,
        value: Any = None,
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
        return done(await self._deliveries.send(INTERACTION, payload))

    def _action(self, block: Json, element: Json, value: Any) -> Json:
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

    def _state(self, blocks: tuple[Json, ...], block: Json, element: Json, value: Any) -> Json:
        values = state_values(blocks, {})
        if element["type"] not in ("button", "overflow"):
            values[block["block_id"]][element["action_id"]] = picked(element, value)
        return values


def _find_element(
    blocks: tuple[Json, ...],
    action_id: str,
    value: Any,
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
