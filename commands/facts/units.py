"""The services of a cluster node as systemd sees them.

`systemctl show` prints one block of `Key=Value` lines for each unit asked for, known or not (systemd 239 to 257).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact

NAMES = ("corosync", "pacemaker", "pcsd", "pcsd-ruby", "haproxy", "firewalld")
_ADDED = frozenset({"pcsd-ruby"})
"""Not asked for by all of what was recorded: as if systemd did not know them."""
_PROPERTIES = ("Id", "LoadState", "ActiveState", "UnitFileState", "NRestarts", "ActiveEnterTimestamp")


@dataclass(frozen=True, slots=True)
class Unit:
    """One service. `loaded` is False where systemd does not know it: its package is not installed."""

    name: str
    loaded: bool
    active: bool
    enabled: bool
    restarts: int | None
    """How often systemd itself restarted it since it was last started by hand; None where systemd is too old to say."""
    since: str = ""
    """When it last became active, in systemd's own words and the node's time zone; empty if not in this boot."""


@dataclass(frozen=True, slots=True)
class Units:
    """All services that matter here, by their name without `.service`."""

    units: Mapping[str, Unit]

    def unit(self, name: str) -> Unit:
        """Return the service of that name. Raises KeyError for one that is not asked for here."""
        return self.units[name]


def parse(done: Completed) -> Units:
    """Read the blocks of `systemctl show`."""
    units: dict[str, Unit] = {}
    for block in done.stdout.split("\n\n"):
        values = dict(_property(line) for line in block.split("\n") if line)
        if not values:
            continue
        try:
            name = values["Id"].removesuffix(".service")
            units[name] = Unit(
                name=name,
                loaded=values["LoadState"] == "loaded",
                active=values["ActiveState"] in ("active", "reloading"),
                enabled=values.get("UnitFileState") in ("enabled", "enabled-runtime"),
                restarts=int(values["NRestarts"]) if "NRestarts" in values else None,
                since=values.get("ActiveEnterTimestamp", ""),
            )
        except (KeyError, ValueError) as error:
            raise UnreadableOutput("systemctl show", f"a unit without a usable {error}", block) from error
    for name in _ADDED - units.keys():
        units[name] = Unit(name, loaded=False, active=False, enabled=False, restarts=None)
    missing = [name for name in NAMES if name not in units]
    if missing:
        raise UnreadableOutput("systemctl show", f"nothing about {', '.join(missing)}", done.stdout)
    return Units(units)


def _property(line: str) -> tuple[str, str]:
    key, equals, value = line.partition("=")
    if not equals:
        raise UnreadableOutput("systemctl show", "a line that is not Key=Value", line)
    return key, value


FACT: Fact[Units] = Fact(
    Command(
        ("systemctl", "show", f"--property={','.join(_PROPERTIES)}", *(f"{name}.service" for name in NAMES)),
        root=False,
        joins=True,
    ),
    parse,
)
