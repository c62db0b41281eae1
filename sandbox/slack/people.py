"""Acting as the workspace's people, by name: what the tests' API and the page have in common.

People and channels are named by name (`ada`, `#ops`, `@ada` for direct messages with the bot) or by id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.slack.delivery import Deliveries
from sandbox.slack.done import Done
from sandbox.slack.inputs import NotPossible
from sandbox.slack.modals import Modals
from sandbox.slack.pressing import Pressing
from sandbox.slack.records import Message, View
from sandbox.slack.responses import Responses
from sandbox.slack.site import Site
from sandbox.slack.talking import Talking
from sandbox.slack.world import Channel, User


class People:
    """What a person can do, refused with NotPossible where Slack's client would not offer it."""

    def __init__(self, site: Site, deliveries: Deliveries, responses: Responses) -> None:
        """Act in `site`, telling the app through `deliveries`."""
        self.store = site.store
        self._talking = Talking(site, deliveries, responses)
        self._pressing = Pressing(site, deliveries)
        self._modals = Modals(site, deliveries)

    def user(self, name: str) -> User:
        """A person."""
        return self.store.user(name)

    def channel(self, name: str) -> Channel:
        """A channel, or by `@name` the direct messages between that person and the bot."""
        if name.startswith("@"):
            return self.store.direct_message(self.user(name).id)
        return self.store.channel(name)

    async def slash(self, user: str, channel: str, line: str) -> Done:
        """Type a slash command, such as `/hacluster status web`."""
        return await self._talking.slash(self.user(user), self._present(user, channel), line)

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Write a message; `@hacluster ...` in it reaches the bot as a mention."""
        message, _ = await self._talking.say(self.user(user), self._present(user, channel), text, thread_ts)
        return message

    async def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        value: Any = None,
        *,
        block_id: str | None = None,
        confirm: bool = True,
    ) -> Done:
        """Use a button, select or overflow menu of a message, answering its confirm dialog with `confirm`.

        Raises NotPossible where this person sees no such message or element.
        """
        message = self._visible(user, channel, ts)
        return await self._pressing.use_in_message(
            self.user(user), message, action_id, value, block_id=block_id, confirm=confirm
        )

    async def click_in_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        value: Any = None,
        *,
        block_id: str | None = None,
        confirm: bool = True,
        entered: Mapping[str, Any] | None = None,
    ) -> Done:
        """Use an element of a modal or Home tab, with `entered` in the view's fields."""
        return await self._pressing.use_in_view(
            self.user(user),
            self._own_view(user, view_id),
            action_id,
            value,
            block_id=block_id,
            confirm=confirm,
            entered=entered,
        )

    async def submit(self, user: str, view_id: str, state_values: Mapping[str, Any]) -> Done:
        """Submit a modal with values by block_id, simple (`{"name": "web"}`) or in Slack's form."""
        return await self._modals.submit(self.user(user), self._own_view(user, view_id), state_values)

    async def close_view(self, user: str, view_id: str) -> Done:
        """Close a modal without submitting it."""
        return await self._modals.close(self.user(user), self._own_view(user, view_id))

    async def open_home(self, user: str) -> Done | None:
        """Open the app's Home tab."""
        return await self._talking.open_home(self.user(user))

    def _present(self, user: str, channel: str) -> Channel:
        found = self.channel(channel)
        if self.user(user).id not in self.store.members[found.id]:
            raise NotPossible(f"{user} is not in {channel}")
        return found

    def _visible(self, user: str, channel: str, ts: str) -> Message:
        place = self._present(user, channel).id
        message = self.store.find(place, ts)
        if message is None:
            message = self.store.find_whisper(place, ts)
            if message is None or message.visible_to != self.user(user).id:
                raise NotPossible(f"{user} sees no message {ts} in {channel}")
        return message

    def _own_view(self, user: str, view_id: str) -> View:
        view = self.store.views.get(view_id)
        if view is None or view.user != self.user(user).id:
            raise NotPossible(f"{user} has no view {view_id} open")
        return view
