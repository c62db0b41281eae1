"""The bot dies at any point of a setup, and whoever runs it again ends with the same cluster as if it had not.

`CHAOS=all` kills before, during and after every step; else a sample does. `CHAOS_SEED` repeats a sample, its release and the
moments within the steps; `CHAOS_DEBIAN` is the nodes' release, chance's if left out; with `CHAOS_BARE` they have no packages
yet, with `CHAOS_FENCED` they get a fence device that needs a secret, with `CHAOS_FIREWALL` firewalld runs on them (Debian 12
only). `CHAOS_STEPS` names the steps to kill, all if left out. What the bot had begun on the nodes goes on when it is dead, as
it does in life.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from tests.lab.chance import SEED
from tests.lab.conftest import GENERATIONS
from tests.lab.killing import MOMENTS, Course, Point, Terminal, under_way
from tests.lab.locked import LOCK
from tests.lab.picture import Picture, differences, picture

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]

BARE = bool(os.environ.get("CHAOS_BARE"))
FENCED = bool(os.environ.get("CHAOS_FENCED"))
FIREWALL = bool(os.environ.get("CHAOS_FIREWALL"))
STEPS = (
    *(("packages",) if BARE else ()),
    *(("firewall",) if FIREWALL else ()),
    *(("fence-secrets",) if FENCED else ()),
    "sysctl", "leftover", "pcsd", "password", "auth", "create", "seed", "start", "trusted", "haproxy", "enable", "draft",
    "configure", "serving",
)  # fmt: skip
"""Of a setup on two servers; those with the packages have the one-node cluster that Debian's packages start, and a pcsd
that was stopped."""
KILLED = tuple(os.environ.get("CHAOS_STEPS", "").split()) or STEPS
FENCING = "fence_locked --fence-option username=bot --fence-option password=secret:lock --failover approved"
STOP_PCSD = "systemctl kill --signal=KILL pcsd pcsd-ruby; systemctl stop pcsd pcsd-ruby"
"""One that is just starting ignores the request to end for a minute and a half."""
WALL = """apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install firewalld netbase >/dev/null
until firewall-cmd --state; do sleep 0.2; done"""
"""firewalld as its package leaves it: SSH is let in, and nothing of a cluster. It reads the protocols' names of netbase."""
SECRETS = {"lock": "a 'quoted' secret"}
SAMPLE = 3
RESUMED_WITHIN = 600.0 if BARE else 300.0
"""Seconds for a setup to be resumed, from the death of the first: its lease, what still runs on the nodes, its steps."""
SETTLED_WITHIN = 20.0
"""Seconds after which nothing of a change moves any more."""

DEBIAN = int(os.environ.get("CHAOS_DEBIAN") or (12 if FIREWALL else random.Random(SEED).choice(GENERATIONS)))  # noqa: S311


def _points() -> tuple[Point, ...]:
    chance = random.Random(SEED)  # noqa: S311 - no cryptography
    every = tuple(Point(step, moment, round(chance.random(), 3)) for step in KILLED for moment in MOMENTS)
    return every if os.environ.get("CHAOS") == "all" else tuple(chance.sample(every, SAMPLE))


class Ground:
    """Two servers, and how the cluster on them is and came about when nobody dies."""

    def __init__(self, lab: Lab, folder: Path, tell: Callable[[str], None]) -> None:
        self.lab = lab
        self.backing = LabBacking(lab, DEBIAN)
        self._tell = tell
        self.furnish()
        terminal = self.terminal(folder)
        run = terminal.run()
        assert run.outcome == "done", run.words
        self.course = Course(terminal.events())
        self.reference = self._settled()

    def furnish(self) -> None:
        """Make nodes that just booted what a setup finds here."""
        for node in self.lab.nodes:
            if not BARE:
                self.lab.exec(node, ["sh", "-c", STOP_PCSD], timeout=180)
            if FENCED:
                self.lab.exec(node, ["sh", "-c", LOCK])
            if FIREWALL:
                self.lab.exec(node, ["sh", "-c", WALL], timeout=180)

    def terminal(self, folder: Path) -> Terminal:
        folder.mkdir()
        return Terminal(folder, self.backing, *((FENCING, SECRETS) if FENCED else ()))

    def tell(self, point: object, where: str, again: str, seconds: float, ended: str) -> None:
        """Write a line of the table of points, as soon as one is through: the whole takes an hour."""
        self._tell(f"\n  {point!s:<18}{where:<34}{again:<34}{seconds:4.0f} s  {ended}")

    def picture(self) -> Picture:
        seen = picture(self.lab, (vip.partition("/")[0] for vip in self.backing.vips))
        if not FIREWALL:
            return seen
        walls = ("firewall-cmd --list-all", "firewall-cmd --permanent --list-all")
        said = [self.lab.exec(node, wall.split()).stdout.split("\n") for node in self.lab.nodes for wall in walls]
        return {**seen, "firewalls": said}

    def difference(self) -> str:
        """Return in what the cluster differs from the reference once it has settled."""
        deadline = time.monotonic() + SETTLED_WITHIN
        while (found := differences(self.reference, self.picture())) and time.monotonic() < deadline:
            time.sleep(1)
        return found

    def _settled(self) -> Picture:
        deadline = time.monotonic() + SETTLED_WITHIN
        seen, now = self.picture(), self.picture()
        while seen != now and time.monotonic() < deadline:
            seen, now = now, self.picture()
        return now


@pytest.fixture(scope="module")
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    assert terminal is not None
    terminal.write_line(
        f"\nsetup killed, CHAOS_SEED={SEED} CHAOS_DEBIAN={DEBIAN}{' CHAOS_BARE=1' if BARE else ''}{' CHAOS_FENCED=1' if FENCED else ''}{' CHAOS_FIREWALL=1' if FIREWALL else ''}: where; what was under way; then"
    )
    kind = "bare" if BARE else "fenced" if FENCED else "walled" if FIREWALL else ""
    with Lab.up(f"chaos{DEBIAN}{kind}", ("n1", "n2"), debian=DEBIAN, bare=BARE) as lab:
        yield Ground(lab, tmp_path_factory.mktemp("chaos") / "reference", terminal.write)


def test_the_unkilled_run_goes_through_every_step_that_is_killed(ground: Ground) -> None:
    assert set(ground.course.steps) == set(STEPS)
    assert ground.reference["served"] == dict(
        zip((vip.partition("/")[0] for vip in ground.backing.vips), ("hello from n1", "hello from n2"), strict=True)
    )
    assert "dc-deadtime" not in str(ground.reference["configuration"])


@pytest.mark.parametrize("point", _points(), ids=str)
def test_a_setup_that_is_killed_and_run_again_ends_in_the_same_cluster(
    ground: Ground, point: Point, tmp_path: Path
) -> None:
    ground.lab.reset()
    ground.furnish()
    terminal = ground.terminal(tmp_path / "bot")
    where = ", ".join(under_way(terminal.run_and_kill(point, ground.course))) or "nothing"
    begun = time.monotonic()
    try:
        runs = terminal.run_until_done(RESUMED_WITHIN)
    except AssertionError:
        ground.tell(point, where, "", time.monotonic() - begun, "NEVER DONE")
        raise
    tries = " ".join(run.outcome for run in runs if run.outcome != "busy")
    waited = sum(run.outcome == "busy" for run in runs)
    found = ground.difference()
    ended = "DIFFERENT" if found else "same"
    ground.tell(point, where, f"{waited}x busy, {tries}", time.monotonic() - begun, ended)
    assert not found, found
    assert not any(run.outcome == "FAILED" for run in runs), "\n".join(run.words for run in runs)
