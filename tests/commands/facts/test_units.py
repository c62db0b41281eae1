"""Services as systemd shows them, from not installed to running under Pacemaker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import units
from commands.facts.units import Unit

Recorded = Callable[[str], Completed]
Said = Callable[..., Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


@GENERATIONS
def test_nothing_is_installed_on_a_bare_node(recorded: Recorded, debian: int) -> None:
    found = units.parse(recorded(f"hosts/debian{debian}/bare/units.n1"))

    assert set(found.units) == set(units.NAMES)
    assert not any(unit.loaded or unit.active or unit.enabled for unit in found.units.values())


@GENERATIONS
def test_a_running_cluster_node(recorded: Recorded, debian: int) -> None:
    found = units.parse(recorded(f"hosts/debian{debian}/healthy/units.n1"))

    for name in ("corosync", "pacemaker", "pcsd"):
        assert (found.unit(name).active, found.unit(name).enabled) == (True, True)
    # Pacemaker starts it, systemd must not
    haproxy = found.unit("haproxy")
    assert (haproxy.active, haproxy.enabled, haproxy.restarts) == (True, False, 0)
    assert "2026" in haproxy.since
    with pytest.raises(KeyError):
        found.unit("sshd")


@GENERATIONS
def test_after_a_fresh_install_and_a_boot_everything_runs_by_itself(recorded: Recorded, debian: int) -> None:
    found = units.parse(recorded(f"hosts/debian{debian}/fresh/units.n1"))

    for name in ("corosync", "pacemaker", "pcsd", "haproxy"):
        assert (found.unit(name).active, found.unit(name).enabled) == (True, True)


def block(name: str, **values: str) -> str:
    told = {"Id": f"{name}.service", "LoadState": "loaded", "ActiveState": "active", **values}
    return "".join(f"{key}={value}\n" for key, value in told.items())


def test_a_systemd_too_old_to_count_restarts(said: Said) -> None:
    text = "\n".join(block(name, UnitFileState="enabled-runtime") for name in units.NAMES)
    found = units.FACT.parse(said(units.FACT, text))

    assert found.unit("pcsd") == Unit("pcsd", loaded=True, active=True, enabled=True, restarts=None)


@pytest.mark.parametrize(("state", "active"), [("reloading", True), ("activating", False), ("failed", False)])
def test_what_counts_as_active(said: Said, state: str, active: bool) -> None:  # noqa: FBT001
    text = "\n".join(block(name, ActiveState=state) for name in units.NAMES)

    assert units.FACT.parse(said(units.FACT, text)).unit("haproxy").active is active


def test_a_masked_unit_is_not_loaded(said: Said) -> None:
    text = "\n".join(block(name, LoadState="masked", ActiveState="inactive") for name in units.NAMES)

    assert units.FACT.parse(said(units.FACT, text)).unit("haproxy").loaded is False


@pytest.mark.parametrize(
    ("told", "instead"),
    [
        ("Id=haproxy.service\n", ""),
        ("LoadState=loaded\n", ""),
        ("ActiveState=active\n", ""),
        ("NRestarts=0", "NRestarts=often"),
        ("Id=pcsd.service", "Id=other.service"),
        ("SubState=running", "running"),
    ],
)
def test_no_unit_is_made_up(recorded: Recorded, told: str, instead: str) -> None:
    done = recorded("hosts/debian12/healthy/units.n1")
    assert told in done.stdout

    with pytest.raises(UnreadableOutput):
        units.parse(replace(done, stdout=done.stdout.replace(told, instead)))
