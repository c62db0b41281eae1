"""`python -m sandbox.run.demo FILE`: plays a first visit on the page, with the real bot, and writes it as a picture."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.run.box import Box, NotStarted
from sandbox.run.film import Film
from sandbox.run.simulated import SimulatedBacking
from sandbox.slack.chromium import Browser, installed

WIDTH, HEIGHT = 1040, 880
NEXT = "#guide .primary"
MESSAGE = ".conversation .message"
BUTTON = f"{MESSAGE} .actions button"


def main(argv: Sequence[str] | None = None) -> int:
    """Play it; exit status 1 where there is no browser to show it in, or something did not start."""
    parser = argparse.ArgumentParser("python -m sandbox.run.demo", description=__doc__)
    parser.add_argument("file", type=Path, help="the picture to write, *.webp")
    asked = parser.parse_args(argv)
    browser = installed()
    if browser is None:
        sys.stderr.write("demo: there is no Chromium (Debian: apt-get install chromium)\n")
        return 1
    try:
        asyncio.run(_play(browser, asked.file))
    except NotStarted as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    print(f"{asked.file}: {asked.file.stat().st_size // 1024} kB")
    return 0


async def _play(browser: str, file: Path) -> None:
    backing = await SimulatedBacking.up(("n1", "n2"))
    try:
        with Browser(browser) as chromium:
            async with Box(backing) as box, chromium.tab() as tab:
                await tab.size(WIDTH, HEIGHT)
                await tab.open(f"{box.workspace.url}/?as=ada")
                await tab.see(NEXT)
                film = Film(tab)
                await story(film)
        film.save(file)
    finally:
        await backing.close()


async def story(film: Film) -> None:
    """Set up, status, power off, alert, failover: what the guide of a first visit leads through."""
    await film.hold(2)
    await film.click(NEXT)
    await film.until(BUTTON, "Confirm")
    await film.read("Do it?", 2.5, 1)
    await film.click(BUTTON, "Confirm")
    await film.until(MESSAGE, "setup done and verified")
    await film.read("setup done and verified", 2, 0.5)
    await film.click(NEXT)
    await film.until(MESSAGE, "web: healthy")
    await film.hold(2.5)
    await film.click(NEXT, "Power off")
    await film.until(BUTTON, "Fail over vip2")
    await film.read("vip2 waits at its gate", 3, 0.5)
    await film.click(BUTTON, "Fail over vip2")
    await film.until(BUTTON, "Confirm")
    await film.read("Do it?", 2, 1)
    await film.click(BUTTON, "Confirm")
    await film.until(MESSAGE, "failover done and verified")
    await film.read("failover done and verified", 2.5, 2.5)


if __name__ == "__main__":
    raise SystemExit(main())
