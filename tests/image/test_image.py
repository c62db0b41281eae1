"""The image as the Dockerfile makes it: it starts, as nobody in particular, and says how it is."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack.workspace import Workspace
from tests.image.buildah import Image

pytestmark = [pytest.mark.image, pytest.mark.timeout(1500)]


@pytest.fixture(scope="session")
def settings(image: Image) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(image.buildah.read("inspect", "--type", "image", image.name))
    found: dict[str, Any] = described["Docker"]["config"]
    return found


def test_it_says_what_it_can_do(image: Image) -> None:
    said = image.run("hacluster", "--help").stdout
    assert "serve" in said
    assert "check" in said


def test_its_settings_can_be_checked_before_there_are_any(image: Image) -> None:
    done = image.run("hacluster", "check", "--config-only")
    assert "the settings are understood" in done.stdout


def test_it_is_not_root_and_owns_its_data_only(image: Image) -> None:
    assert image.run("id", "-u").stdout.strip() == "10001"
    assert image.run("pwd").stdout.strip() == "/data"
    image.run("touch", "/data/a-file")
    refused = image.run("touch", "/opt/hacluster/a-file", check=False)
    assert (refused.returncode, "Permission denied" in refused.stderr) == (1, True), refused.stderr


def test_it_holds_the_product_and_not_what_built_or_tests_it(image: Image) -> None:
    places = image.run("python3", "-c", _WHAT_IS_THERE).stdout.split()
    assert places == ["bot", "commands", "config"]


_WHAT_IS_THERE = """
import importlib.util
import os
import sys
assert sys.version_info >= (3, 11)
os.chdir("/")
for name in ("bot", "commands", "config", "sandbox", "tests", "hatchling", "pytest"):
    if importlib.util.find_spec(name):
        print(name)
"""


def test_it_can_draw_pictures_without_a_home_or_fonts_of_the_system(image: Image) -> None:
    done = image.run("python3", "-c", _DRAWS)
    assert done.stdout.strip() == "PNG", done.stderr


_DRAWS = """
import asyncio
import os
os.environ.pop("HOME", None)
from bot.reports.drawing import draw_aside
from bot.reports.timeline import Bar, Look, Row, Timeline
row = Row("n1", "node", "100 %", (Bar(0, 3600, Look.UP, 0, "joined"),))
(png,) = asyncio.run(draw_aside([Timeline("web", 1e9, 3600, "Europe/Berlin", ("n1",), (row,))]))
print(png[1:4].decode())
"""


def test_the_image_declares_how_it_is_started_watched_and_kept(settings: dict[str, Any]) -> None:
    assert settings["Entrypoint"] == ["hacluster"]
    assert settings["Cmd"] == ["serve"]
    assert settings["User"] == "10001:10001"
    assert settings["Volumes"] == {"/data": {}}
    assert settings["Healthcheck"]["Test"] == ["CMD", "hacluster", "health"]


async def test_it_connects_is_found_healthy_and_stops_when_told(
    image: Image, settings: dict[str, Any], unused_tcp_port: int
) -> None:
    health = settings["Healthcheck"]["Test"][1:]
    start = [*settings["Entrypoint"], *settings["Cmd"]]
    async with Workspace() as workspace:
        environment = (
            f"HACLUSTER_SLACK__BOT_TOKEN={workspace.bot_token}",
            f"HACLUSTER_SLACK__APP_TOKEN={workspace.app_token}",
            f"HACLUSTER_SLACK__API_URL={workspace.url}/api/",
            f"HACLUSTER_SLACK__HTTP_PORT={unused_tcp_port}",
        )
        words = ("bash", "-c", _LIFE, "life", shlex.join(start), shlex.join(health))
        done = await asyncio.to_thread(image.run, *words, env=environment, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "unhealthy at first" in done.stdout
    assert "healthy in the end" in done.stdout
    assert "stopped with 0" in done.stdout


# The health check fails before the bot is there, passes within a minute, and SIGTERM ends the bot in order. Nothing
# outlives this script, whatever happens.
_LIFE = """
eval "$2" 2>/dev/null || echo "unhealthy at first"
(eval "exec $1") &
bot=$!
trap 'kill -KILL $bot 2>/dev/null' EXIT
for _ in $(seq 60); do
    eval "$2" 2>/dev/null && { echo "healthy in the end"; break; }
    kill -0 $bot || exit 1
    sleep 0.5
done
kill -TERM $bot
wait $bot
echo "stopped with $?"
"""


def test_nothing_of_this_machine_is_in_the_repository() -> None:
    dockerfile = (Path(__file__).parents[2] / "Dockerfile").read_text()
    assert "://" not in dockerfile
