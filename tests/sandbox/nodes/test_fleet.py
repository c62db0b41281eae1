"""Many clusters in one process, each on its own: they serve from the start, and a bot can be told of all of them."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.sections import SshSettings
from sandbox.nodes import cli
from sandbox.nodes.clock import HandClock
from sandbox.nodes.fleet import LONELY, Fleet


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    """As many clusters as it takes to have one of each kind."""
    made = Fleet(LONELY, tmp_path, HandClock())
    await made.open()
    yield made
    await made.close()
    assert made.amiss == []


async def test_each_serves_its_addresses_on_their_home_nodes(fleet: Fleet) -> None:
    held = {
        name: [machine.floating for machine in network.world.machines.values()]
        for name, network in fleet.clusters.items()
    }

    assert held["web001"] == [["10.80.1.101"], ["10.80.1.102"]]
    assert held[f"web{LONELY:03}"] == [[f"10.80.{LONELY}.101"], []]
    for network in fleet.clusters.values():
        said = await network.exec("n1", ("corosync-quorumtool", "-s", "-p"))
        assert said.status == 0


async def test_what_happens_to_one_is_nothing_to_the_others(fleet: Fleet) -> None:
    one, other = (fleet.clusters[name] for name in ("web001", "web002"))
    clock = one.world.clock
    assert isinstance(clock, HandClock)

    await one.power_off("n2")
    clock.turn(10.0)

    assert "= left" in (await one.exec("n1", ("corosync-cmapctl", "runtime.members."))).stdout
    assert "= left" not in (await other.exec("n1", ("corosync-cmapctl", "runtime.members."))).stdout


async def test_nothing_is_ahead_while_nothing_happens(fleet: Fleet) -> None:
    assert [network.world.agenda.due for network in fleet.clusters.values()] == [None] * LONELY


async def test_the_settings_tell_a_bot_of_all_of_them(fleet: Fleet) -> None:
    told = tomllib.loads(cli.fleet_settings(fleet))

    assert list(told["clusters"]) == list(fleet.clusters)
    assert told["clusters"]["web001"]["nodes"] == {"n1": ["10.80.1.11"], "n2": ["10.80.1.12"]}
    assert set(SshSettings.model_validate(told["ssh"]).connect_to) == set(fleet.connect_to)
