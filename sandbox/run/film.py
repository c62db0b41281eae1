"""An animated picture of a page, made of what Chromium shows: what stands still takes one frame, however long."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from sandbox.slack.chromium import Tab

_LOOK = 0.25
"""Seconds between two looks at the page while something is waited for."""
_STEP = 350
"""Milliseconds that a change seen on the way is shown, however long it really took."""
_MESSAGE = ".conversation .message"
_RING = 22
_RING_COLOUR = (229, 72, 77)


@dataclass(slots=True)
class _Frame:
    image: Image.Image
    milliseconds: int


class Film:
    """Takes pictures of one page."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._frames: list[_Frame] = []

    async def hold(self, seconds: float) -> None:
        """Show the page as it is for so long, for the reader to read."""
        await self._tab.settle()
        self._add(await self._shown(), int(seconds * 1000))

    async def read(self, text: str, top: float, bottom: float) -> None:
        """Show the newest message that says so from its headline, and then its end, for so many seconds."""
        await self._tab.see(_MESSAGE, text)
        for edge, seconds in (("start", top), ("end", bottom)):
            await self._tab.run(f"""[...document.querySelectorAll({json.dumps(_MESSAGE)})].filter((message) =>
              message.textContent.includes({json.dumps(text)})).at(-1).scrollIntoView({{block: {json.dumps(edge)}}})""")
            await self.hold(seconds)

    async def click(self, selector: str, text: str = "") -> None:
        """Press something, and show where."""
        x, y = await self._tab.place(selector, text)
        picture = await self._shown()
        draw = ImageDraw.Draw(picture)
        for width, radius in ((4, _RING), (2, _RING // 2)):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=_RING_COLOUR, width=width)
        self._add(picture, 900)
        await self._tab.click(selector, text)

    async def until(self, selector: str, text: str, within: float = 120.0) -> None:
        """Film until something is there to be seen. Raises TimeoutError."""
        there = f"""[...document.querySelectorAll({json.dumps(selector)})].some((element) =>
          element.checkVisibility() && element.textContent.includes({json.dumps(text)}))"""
        async with asyncio.timeout(within):
            while not await self._tab.run(there):
                self._add(await self._shown(), _STEP)
                await asyncio.sleep(_LOOK)
        await self._tab.settle()

    def save(self, path: Path) -> None:
        """Write it as an animated WebP that goes on for ever."""
        first, *others = self._frames
        first.image.save(
            path,
            save_all=True,
            append_images=[frame.image for frame in others],
            duration=[frame.milliseconds for frame in self._frames],
            loop=0,
            lossless=True,
            method=4,
            minimize_size=True,
        )

    async def _shown(self) -> Image.Image:
        return Image.open(io.BytesIO(await self._tab.picture())).convert("RGB")

    def _add(self, image: Image.Image, milliseconds: int) -> None:
        if self._frames and self._frames[-1].image.tobytes() == image.tobytes():
            self._frames[-1].milliseconds = max(self._frames[-1].milliseconds, milliseconds)
        else:
            self._frames.append(_Frame(image, milliseconds))
