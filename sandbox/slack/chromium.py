"""A headless Chromium, driven over its DevTools protocol: for tests of the page, and for pictures of it.

It has a profile of its own that is thrown away, and is kept from talking to anything but the page.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp

from sandbox.slack.wire import Json

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)


def installed() -> str | None:
    """The browser's path, if there is one (Debian: `apt-get install chromium`)."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class PageError(Exception):
    """JavaScript on the page failed, or what a test asked of it did."""


class Tab:
    """One page: open, look, type, click. Errors on the page are collected in `complaints`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Drive the page behind `socket`."""
        self.complaints: list[str] = []
        self._socket = socket
        self._numbers = itertools.count(1)

    async def command(self, method: str, **parameters: Any) -> Json:
        """Send one DevTools command and give its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message: Json = json.loads((await self._socket.receive()).data)
            if message.get("id") == number:
                if "error" in message:
                    raise PageError(f"{method}: {message['error']['message']}")
                result: Json = message["result"]
                return result
            self._listen(message)

    def _listen(self, message: Json) -> None:
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(message["params"]["exceptionDetails"])[:2000])
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(str(message["params"]["entry"]["text"]))

    async def size(self, width: int, height: int, scale: float = 1.0) -> None:
        """Make the window this large, in CSS pixels."""
        await self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
        )

    async def open(self, url: str) -> None:
        """Go to an address."""
        await self.command("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression; promises are awaited."""
        answer = await self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise PageError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    async def see(self, selector: str, text: str = "", timeout: float = 15.0) -> None:  # noqa: ASYNC109
        """Wait until an element that matches is visible and contains `text`; TimeoutError if it never is."""
        script = f"""new Promise((resolve) => {{
          const seen = () => [...document.querySelectorAll({json.dumps(selector)})].some((element) =>
            element.checkVisibility() && element.textContent.includes({json.dumps(text)}));
          const look = () => {{ if (seen()) {{ observer.disconnect(); resolve(true); }} }};
          const observer = new MutationObserver(look);
          observer.observe(document, {{childList: true, subtree: true, attributes: true, characterData: true}});
          look();
        }})"""
        async with asyncio.timeout(timeout):
            await self.run(script)

    async def place(self, selector: str, text: str = "") -> tuple[float, float]:
        """Wait for the last element that matches, and for it to stand still; the middle of it, in CSS pixels."""
        await self.see(selector, text)
        await self.settle()
        x, y = await self.run(
            f"""(() => {{
              const found = [...document.querySelectorAll({json.dumps(selector)})].filter((element) =>
                element.checkVisibility() && element.textContent.includes({json.dumps(text)})).at(-1);
              found.scrollIntoView({{block: "nearest"}});
              const box = found.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        return x, y

    async def click(self, selector: str, text: str = "") -> None:
        """Press the last element that matches, once it is there and stands still, as a mouse does."""
        x, y = await self.place(selector, text)
        for kind in ("mousePressed", "mouseReleased"):
            await self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def settle(self) -> None:
        """Wait until nothing moves any more, except what never ends."""
        await self.run(
            """Promise.allSettled(document.getAnimations()
              .filter((animation) => animation.effect.getComputedTiming().endTime !== Infinity)
              .map((animation) => animation.finished)).then(() => true)"""
        )

    async def write(self, selector: str, text: str) -> None:
        """Focus a field, empty it, and type into it."""
        await self.see(selector)
        await self.run(
            f"(() => {{ const f = document.querySelector({json.dumps(selector)}); f.focus(); f.select(); }})()"
        )
        await self.command("Input.insertText", text=text)

    async def key(self, name: str, code: int) -> None:
        """Press one key, by its name and its virtual key code (Enter 13, Escape 27, ArrowUp 38)."""
        text = "\r" if name == "Enter" else ""
        for kind in ("keyDown", "keyUp"):
            await self.command("Input.dispatchKeyEvent", type=kind, key=name, windowsVirtualKeyCode=code, text=text)

    async def picture(self) -> bytes:
        """What is to be seen, as a PNG."""
        answer = await self.command("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])


class Browser:
    """A running browser; `with` ends it. Started in the ordinary way, so that several event loops may use it."""

    def __init__(self, path: str) -> None:
        """Start the browser at `path` (see `installed`)."""
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [path, *_OPTIONS, f"--user-data-dir={self._profile.name}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._address = self._devtools()
        self._drain = threading.Thread(target=self._read_on, daemon=True)
        self._drain.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._drain.join()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._profile.cleanup()

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """An empty page."""
        async with aiohttp.ClientSession(f"http://{self._address}") as session:
            async with session.put("/json/new?about:blank") as answer:
                page = await answer.json()
            async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                tab = Tab(socket)
                for domain in ("Page", "Runtime", "Log"):
                    await tab.command(f"{domain}.enable")
                yield tab
            async with session.get(f"/json/close/{page['id']}"):
                pass

    def _devtools(self) -> str:
        """The host and port that the browser says on its standard error it listens at."""
        for line in self._process.stderr or ():
            if b"DevTools listening on ws://" in line:
                return line.decode().split("ws://")[1].split("/")[0]
        raise PageError("the browser did not start")

    def _read_on(self) -> None:
        """Let the browser go on talking without anybody to listen."""
        for _ in self._process.stderr or ():
            pass
