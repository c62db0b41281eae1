"""A newcomer's first minutes in the browser: the page, the real bot and simulated nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from sandbox.nodes.clock import WallClock
from sandbox.run.box import Box
from sandbox.run.demo import BUTTON, HEIGHT, MESSAGE, WIDTH, story
from sandbox.run.film import Film
from sandbox.run.simulated import SimulatedBacking
from sandbox.slack.chromium import Browser, Tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SPEED = 4.0
"""How much faster than told the nodes do everything."""
LONG = 90.0
"""Seconds until what never comes is a failure: a busy machine is none."""
COMPOSER = ".conversation .composer textarea"


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    backing = await SimulatedBacking.up(("n1", "n2"), WallClock(SPEED))
    try:
        async with Box(backing) as running:
            yield running
    finally:
        await backing.close()


@pytest.fixture
async def tab(browser: Browser, box: Box) -> AsyncIterator[Tab]:
    """The page as the printed address shows it, on which nothing may go wrong."""
    async with browser.tab() as page:
        await page.size(WIDTH, HEIGHT)
        await page.open(f"{box.workspace.url}/")
        await page.see(COMPOSER, timeout=LONG)
        yield page
        assert page.complaints == []


async def test_the_guide_leads_from_bare_servers_to_a_failover_and_is_filmed(
    box: Box, tab: Tab, tmp_path: Path
) -> None:
    film = Film(tab)
    await story(film)
    film.save(tmp_path / "demo.webp")

    with Image.open(tmp_path / "demo.webp") as picture:
        assert picture.size == (WIDTH, HEIGHT)
        assert getattr(picture, "n_frames", 1) > 12
    assert (tmp_path / "demo.webp").stat().st_size < 1_500_000
    await tab.see("#guide", "First visit · done")

    (plan,) = [message for message in box.workspace.messages("#ops") if "setup done and verified" in message.text]
    kinds = [delivery.type for delivery in box.workspace.deliveries]
    assert kinds[:2] == ["slash_commands", "interactive"], "after make run: one press that types, one on Confirm"
    assert plan.edited is not None
    assert float(plan.edited) - float(plan.ts) < 120, "seconds to a working cluster"


async def test_setup_by_form_confirm_progress_and_status(box: Box, tab: Tab) -> None:
    nodes = "\n".join(f"{name}={address}" for name, address in box.backing.nodes.items())
    await tab.write(COMPOSER, "/hacluster setup")
    await tab.key("Enter", 13)
    await tab.see("#modal h2", "Set up a cluster", timeout=LONG)

    await tab.write("#modal [data-block=name] input", "we b")
    await tab.write("#modal [data-block=nodes] textarea", nodes)
    await tab.write("#modal [data-block=fencing] input", "none")
    await tab.click("#modal footer .solid")
    await tab.see("#modal [data-block=name] .problem", timeout=LONG)

    await tab.write("#modal [data-block=name] input", "web")
    await tab.write("#modal [data-block=vips] textarea", "\n".join(box.backing.vips))
    await tab.write("#modal [data-block=haproxy_cfg] input", "haproxy.cfg")
    await tab.click("#modal footer .solid")

    await tab.see(MESSAGE, "Do it?", timeout=LONG)
    assert not await tab.run("document.getElementById('modal').open")
    await box.workspace.control.duplicate("interactive")
    await tab.click(BUTTON, "Confirm")
    await tab.see(MESSAGE, "setup done and verified", timeout=LONG)
    (plan,) = [message for message in box.workspace.messages("#ops") if "setup done" in message.text]
    assert any("under way" in version.text for version in plan.history), "its progress was shown on the way"
    pressed = [delivery.payload["trigger_id"] for delivery in box.workspace.deliveries[-2:]]
    assert pressed[0] == pressed[1], "Confirm came twice"
    assert box.workspace.ephemerals("ada") == [], "and was taken once"

    await tab.write(COMPOSER, "/hacluster status")
    await tab.key("Enter", 13)
    await tab.see(MESSAGE, "web: healthy", timeout=LONG)
