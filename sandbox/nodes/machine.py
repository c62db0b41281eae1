"""One server: its power, packages, files, services, addresses, and what its pcsd knows."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.nodes.journal import Journal
from sandbox.nodes.packages import BASE_UNITS, Package, package
from sandbox.nodes.release import BOOKWORM, Release

BOOT_ID = "/proc/sys/kernel/random/boot_id"
COROSYNC_CONF = "/etc/corosync/corosync.conf"
CIB_XML = "/var/lib/pacemaker/cib/cib.xml"
HAPROXY_CFG = "/etc/haproxy/haproxy.cfg"
NIC = "eth0"
PREFIX = 24


@dataclass(frozen=True, slots=True)
class File:
    """A file: its text, permissions (octal) and owner (`user:group`)."""

    text: str
    mode: str = "644"
    owner: str = "root:root"


@dataclass(frozen=True, slots=True)
class KnownHost:
    """Another host's pcsd as this one's pcs knows it."""

    address: str
    token: str = field(repr=False)


@dataclass(slots=True)
class Unit:
    """A service. `since` is when it last became active in this boot, None if it did not.

    `clustered`: Pacemaker started it, and told systemd to leave it alone when it ends.
    """

    active: bool = False
    enabled: bool = False
    since: float | None = None
    clustered: bool = False

    def start(self, now: float) -> None:
        """Make it active."""
        if not self.active:
            self.active, self.since = True, now

    def stop(self) -> None:
        """Make it inactive."""
        self.active = self.clustered = False


@dataclass(slots=True)
class News:
    """What a running corosync says to those who follow its log file and its map: lines, and None when it ends."""

    followers: set[Callable[[str | None], None]] = field(default_factory=set)

    def say(self, line: str | None) -> None:
        """Hand it to all of them."""
        for follower in tuple(self.followers):
            follower(line)


@dataclass(slots=True)
class Machine:
    """A server.

    `floating` are the addresses that it holds besides its own, `agents` what else resource agents run there, by the
    resource's id. `boot` counts how often it was started.

    `hosts` are those that its pcs may command, by name; `issued` are the tokens that its own pcsd honours. `skew` is by
    how many seconds its clock is ahead of the world's.
    """

    name: str
    address: str
    release: Release = field(default=BOOKWORM, repr=False)
    powered: bool = True
    boot: int = 1
    packages: dict[str, str] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    floating: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    settings: dict[str, str] = field(default_factory=dict)
    password: str | None = field(default=None, repr=False)
    hosts: dict[str, KnownHost] = field(default_factory=dict)
    issued: set[str] = field(default_factory=set, repr=False)
    started: float = 0.0
    skew: float = 0.0
    journal: Journal = field(default_factory=Journal, repr=False)
    corosync_news: News = field(default_factory=News, repr=False)

    def __post_init__(self) -> None:
        self.files["/etc/os-release"] = File(self.release.os)
        self.units.update({name: Unit(active=True, enabled=True) for name in BASE_UNITS})
        self._boot()

    def _boot(self) -> None:
        self.files[BOOT_ID] = File(f"{uuid.uuid4()}\n", "444")
        self.settings = {"net.ipv4.ip_nonlocal_bind": "0"}

    @property
    def mac(self) -> str:
        """The network card's address, the same after every boot."""
        tail = hashlib.sha256(self.name.encode()).hexdigest()
        return f"02:ac:{tail[:2]}:{tail[2:4]}:{tail[4:6]}:{tail[6:8]}"

    def time(self, now: float) -> float:
        """Return what its own clock says."""
        return now + self.skew

    def runs(self, unit: str) -> bool:
        """Say whether it is on and the service runs."""
        return self.powered and unit in self.units and self.units[unit].active

    def read(self, path: str) -> str | None:
        """Return a file's text, or None where there is none."""
        file = self.files.get(path)
        return None if file is None else file.text

    def write(self, path: str, text: str, mode: str = "644", owner: str = "root:root") -> None:
        """Put a file there."""
        self.files[path] = File(text, mode, owner)

    def install(self, names: list[str]) -> list[Package]:
        """Install packages and return those that were not there before. Raises KeyError for one that does not exist."""
        wanted: dict[str, Package] = {}
        for name in names:
            self._collect(name, wanted)
        for new in wanted.values():
            self.packages[new.name] = new.version(self.release)
            for path, text in new.files.items():
                self.files.setdefault(path, File(text))
            for unit in new.units:
                self.units.setdefault(unit, Unit(enabled=True))
        return list(wanted.values())

    def _collect(self, name: str, into: dict[str, Package]) -> None:
        found = package(name, self.release)
        if name not in self.packages and name not in into:
            for needed in found.needs:
                self._collect(needed, into)
            into[name] = found

    def power_off(self) -> None:
        """Lose power: what is in memory is gone, what is on disk stays."""
        self.powered = False
        self.floating.clear()
        self.agents.clear()
        for unit in self.units.values():
            unit.stop()
            unit.since = None

    def power_on(self, now: float) -> None:
        """Boot. Who starts what in it is the world's business."""
        self.powered = True
        self.boot += 1
        self.started = now
        self._boot()
        for name in BASE_UNITS:
            self.units[name].start(now)
