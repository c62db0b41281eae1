"""What an embedding program puts on the page: a banner, first things to type, and a panel of buttons of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from sandbox.slack.wire import Json


@dataclass(frozen=True, slots=True)
class PanelButton:
    """A button beside the conversation, such as "Power off n2". `press` does it and gives a word for the person."""

    label: str
    press: Callable[[], Awaitable[str]]
    about: str = ""
    style: str = ""


def http_button(label: str, method: str, url: str, *, about: str = "", style: str = "") -> PanelButton:
    """A button that makes an HTTP request, from this process, and shows the first line of the answer."""

    async def press() -> str:
        try:
            async with aiohttp.ClientSession() as session, session.request(method, url) as answer:
                lines = (await answer.text()).strip().splitlines()
                return lines[0] if lines else f"{label}: {answer.status} {answer.reason}"
        except aiohttp.ClientError as problem:
            return f"{label}: {problem}"

    return PanelButton(label, press, about, style)


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One thing to do on a first visit: a line to type or a button of the panel to press, by its label, done at a click.

    With neither, `about` says what to press in the conversation. It is done once the app has said `until`.
    """

    title: str
    about: str
    until: str
    line: str = ""
    press: str = ""

    def payload(self) -> Json:
        """As the page gets it."""
        return {name: getattr(self, name) for name in ("title", "about", "until", "line", "press")}


@dataclass(frozen=True, slots=True)
class Front:
    """The page's own content. `hints` are lines that fill the composer; `banner` says what the nodes are.

    `guide` leads through a first visit and ends with `farewell`.
    """

    banner: str = ""
    hints: tuple[str, ...] = ()
    panel: tuple[PanelButton, ...] = ()
    panel_title: str = "Nodes"
    guide: tuple[GuideStep, ...] = ()
    farewell: str = ""

    def payload(self) -> Json:
        """As the page gets it."""
        return {
            "banner": self.banner,
            "hints": list(self.hints),
            "panel_title": self.panel_title,
            "guide": [step.payload() for step in self.guide],
            "farewell": self.farewell,
            "panel": [{"label": button.label, "about": button.about, "style": button.style} for button in self.panel],
        }
