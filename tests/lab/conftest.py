"""Real nodes for the tests of this folder, and a person at the workspace who types, presses and reads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import aiohttp
import pytest

from sandbox.lab.lab import Lab
from sandbox.run.backing import Backing, LabBacking
from sandbox.run.box import Box
from sandbox.slack.records import Message, View
from tests.lab import long

collect_ignore = [] if long.INCLUDED else [*long.FILES]

GENERATIONS = (11, 12, 13)
"""Debian 11, 12 and 13 carry pcs 0.10, 0.11 and 0.12."""
PATIENCE = 600.0
"""Seconds for a change to end: the longest installs packages on two cores that others use too."""


class Person:
    """Somebody in a channel of the workspace: what they type, press and then read."""

    def __init__(self, box: Box, name: str = "ada", channel: str = "ops") -> None:
        self.box = box
        self.name = name
        self.channel = channel

    async def ask(self, text: str, within: float = 60.0) -> Message:
        """Type a command and return the message that answers it."""
        answered = self._next_message()
        await self.box.workspace.slash(self.name, self.channel, text)
        return await self.box.workspace.wait_for(answered, timeout=within)

    async def open_form(self, verb: str) -> View:
        """Type a verb with nothing after it and return the form that opens."""
        workspace = self.box.workspace
        await workspace.slash(self.name, self.channel, f"/hacluster {verb}")

        def form() -> View | None:
            return next((view for view in workspace.views(self.name) if "submit" in view.body), None)

        return await workspace.wait_for(form)

    async def send(self, form: View, values: Mapping[str, object], within: float = 60.0) -> Message | Mapping[str, str]:
        """Send a filled-in form off; return the message that answers it, or what stands under its fields."""
        answered = self._next_message()
        done = await self.box.workspace.submit(self.name, form.id, values)
        return done.errors or await self.box.workspace.wait_for(answered, timeout=within)

    def _next_message(self) -> Callable[[], Message | None]:
        workspace = self.box.workspace
        told, whispered = len(self.read()), len(workspace.ephemerals(self.name))

        def answer() -> Message | None:
            posted = self.read()[told:] + workspace.ephemerals(self.name)[whispered:]
            return posted[0] if posted else None

        return answer

    def read(self) -> list[Message]:
        """Return the answers that stand in the channel itself: no threads, and nothing the bot said of its own accord."""
        posted = self.box.workspace.messages(self.channel)
        return [message for message in posted if not message.is_reply and message.metadata is None]

    def alerts(self) -> list[Message]:
        """Return what the bot said of its own accord, threads left out."""
        posted = self.box.workspace.messages(self.channel)
        return [message for message in posted if not message.is_reply and message.metadata is not None]

    def thread(self, message: Message) -> list[str]:
        """Return what is said in a message's thread."""
        posted = self.box.workspace.messages(self.channel)
        return [reply.text for reply in posted if reply.is_reply and reply.thread_ts == message.ts]

    async def press(self, message: Message, label: str) -> None:
        """Press a button of a message by its label."""
        actions = [element for block in message.blocks if block["type"] == "actions" for element in block["elements"]]
        button = next(element for element in actions if element["text"]["text"] == label)
        await self.box.workspace.click(self.name, self.channel, message.ts, button["action_id"])

    async def ask_by(self, message: Message, label: str, within: float = 60.0) -> Message:
        """Press a button and return the message that answers it."""
        answered = self._next_message()
        await self.press(message, label)
        return await self.box.workspace.wait_for(answered, timeout=within)

    async def do(self, text: str, ends: Callable[[str], bool] | None = None) -> str:
        """Type a change, confirm its plan, and return what its message says at the end."""
        plan = await self.ask(text)
        assert "Do it?" in plan.text, plan.text
        await self.press(plan, "Confirm")
        return await self.outcome(plan, ends)

    async def outcome(self, plan: Message, ends: Callable[[str], bool] | None = None) -> str:
        """Return what the message of a confirmed plan says at the end."""
        ended = ends or (lambda words: "done and verified" in words or "stopped after" in words or "was " in words)

        def final() -> str | None:
            words = self.box.workspace.message(self.channel, plan.ts).text
            return words if ended(words.split("\n")[0]) else None

        return await self.box.workspace.wait_for(final, timeout=PATIENCE)


def filled(backing: Backing, **changed: object) -> dict[str, object]:
    """Return what `setup_line` says as the answers to the form of `setup`, which chooses failover beforehand."""
    nodes = "\n".join(f"{node}={address}" for node, address in backing.nodes.items())
    answers = {"name": "web", "nodes": nodes, "vips": "\n".join(backing.vips), "haproxy_cfg": "haproxy.cfg"}
    return {**answers, "fencing": "none", **changed}


async def serves(address: str, within: float = 20.0) -> str:
    """Return what an address answers to HTTP, asked from this host. Raises TimeoutError."""
    async with asyncio.timeout(within), aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"http://{address}/", timeout=aiohttp.ClientTimeout(total=2)) as answer:
                    return await answer.text()
            await asyncio.sleep(0.1)


@pytest.fixture(params=GENERATIONS, ids=lambda debian: f"debian{debian}")
def debian(request: pytest.FixtureRequest) -> int:
    release: int = request.param
    return release


@pytest.fixture
def bare_lab(debian: int) -> Iterator[Lab]:
    """Two servers with nothing but systemd and sshd, packages to be had from a repository inside the lab."""
    lab = Lab.up(f"path{debian}", ("n1", "n2"), debian=debian, bare=True)
    try:
        yield lab
    finally:
        lab.down()


@pytest.fixture
async def box(bare_lab: Lab, debian: int) -> AsyncIterator[Box]:
    async with Box(LabBacking(bare_lab, debian)) as running:
        yield running
