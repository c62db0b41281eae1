"""What a server says of itself: addresses, clock, operating system, boot, names it resolves, kernel settings.

All of it is there on a bare server: iproute2, coreutils, `getent` and `/proc`. Output as captured from iproute2 5.10,
6.1 and 6.15 (Debian 11, 12, 13).
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any, Literal

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact
from commands.facts.tagged import tagged
from config.inventory import is_address

Family = Literal["apt", "dnf"]


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An address on an interface. `secondary` is the kernel's flag for a further one of a subnet, as a VIP is."""

    address: str
    prefix: int
    secondary: bool


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface. `up` means switched on and with a carrier: an unplugged one is not up."""

    name: str
    up: bool
    addresses: tuple[InterfaceAddress, ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Every interface of a node with what it holds: the truth about who has a floating IP."""

    interfaces: tuple[Interface, ...]

    def holds(self, address: str) -> str | None:
        """Return the name of the interface that has this address, or None. Raises ValueError for no address."""
        wanted = str(ip_address(address))
        for interface in self.interfaces:
            if any(held.address == wanted for held in interface.addresses):
                return interface.name
        return None

    def interface_for(self, network: str) -> str | None:
        """Return the first interface that is up and has an address in this subnet (CIDR), or None."""
        subnet = ip_network(network, strict=False)
        for interface in self.interfaces:
            if interface.up and any(ip_address(held.address) in subnet for held in interface.addresses):
                return interface.name
        return None


def parse_addresses(done: Completed) -> Addresses:
    """Read the JSON of `ip address show`."""
    try:
        listed = json.loads(done.stdout)
        # older versions print an empty object for what a filter leaves out
        return Addresses(tuple(_interface(entry) for entry in listed if entry))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnreadableOutput("ip address", "not the JSON it prints", done.stdout) from error


def _interface(entry: dict[str, Any]) -> Interface:
    flags = entry["flags"]
    return Interface(
        name=str(entry["ifname"]),
        up="UP" in flags and "LOWER_UP" in flags,
        addresses=tuple(
            InterfaceAddress(
                # `ip_interface` vouches for both; a peer's address (`address`) is not ours, `local` is
                address=str(ip_interface(f"{held['local']}/{held['prefixlen']}").ip),
                prefix=int(held["prefixlen"]),
                secondary=held.get("secondary") is True,
            )
            for held in entry.get("addr_info", [])
            if held and held.get("family") in ("inet", "inet6")
        ),
    )


ADDRESSES: Fact[Addresses] = Fact(Command(("ip", "-j", "address", "show"), joins=True), parse_addresses)


@dataclass(frozen=True, slots=True)
class Clock:
    """The node's own time, in seconds since 1970, read some time within the `took` seconds that the question took.

    `heard` is when the answer came, by our own clock: nodes are compared through it, since they are never asked at the
    very same moment.
    """

    epoch: float
    took: float = 0.0
    heard: float = 0.0

    @property
    def ahead(self) -> float:
        """How far it is ahead of our clock, give or take half of `took`."""
        return self.epoch - (self.heard - self.took / 2)


def parse_clock(done: Completed) -> Clock:
    """Read `date +%s.%N`."""
    text = done.stdout.strip()
    if not re.fullmatch(r"[0-9]{1,12}\.[0-9]{1,9}", text):
        raise UnreadableOutput("date", "not seconds since 1970", text)
    return Clock(float(text), done.seconds, done.ended)


CLOCK: Fact[Clock] = Fact(Command(("date", "+%s.%N"), root=False, joins=True), parse_clock)


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """What runs on the node. `family` is how packages are installed there, None where we do not know how."""

    id: str
    version: str
    pretty: str
    family: Family | None
    major: int | None


_APT = frozenset({"debian", "ubuntu"})
_DNF = frozenset({"rhel", "centos", "fedora", "ol", "almalinux", "rocky"})


def parse_os(done: Completed) -> OperatingSystem:
    """Read `/etc/os-release`: shell assignments, quoted where needed."""
    values: dict[str, str] = {}
    for line in done.stdout.split("\n"):
        key, equals, value = line.strip().partition("=")
        if not equals or key.startswith("#"):
            continue
        try:
            values[key] = "".join(shlex.split(value)[:1])
        except ValueError as error:
            raise UnreadableOutput("/etc/os-release", f"unbalanced quotes after {key}=", line) from error
    if not values.get("ID"):
        raise UnreadableOutput("/etc/os-release", "it has no ID", done.stdout)
    kin = {values["ID"], *values.get("ID_LIKE", "").split()}
    family: Family | None = "apt" if kin & _APT else "dnf" if kin & _DNF else None
    version = values.get("VERSION_ID", "")
    major = re.match(r"[0-9]{1,4}(?=\.|$)", version, re.ASCII)
    return OperatingSystem(
        id=values["ID"],
        version=version,
        pretty=values.get("PRETTY_NAME") or f"{values['ID']} {version}".strip(),
        family=family,
        major=int(major[0]) if major else None,
    )


OS: Fact[OperatingSystem] = Fact(Command(("cat", "/etc/os-release"), root=False), parse_os)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What names mean on a node. A name that resolves to nothing has an empty tuple."""

    addresses: Mapping[str, tuple[str, ...]]

    def loopback(self, name: str) -> tuple[str, ...]:
        """Return the loopback addresses among a name's: corosync and pcs would talk to themselves there."""
        return tuple(found for found in self.addresses[name] if ip_address(found).is_loopback)


# All names at once: one that no server answers for takes the resolver's own timeout, which may be many seconds.
_RESOLVE = """
for name do
    getent ahosts "$name" | while read -r address rest; do printf 'at %s %s\\n' "$name" "$address"; done &
done
wait
echo end
"""


def resolution(names: tuple[str, ...]) -> Fact[Resolution]:
    """Return the fact of what these host names resolve to on a node, `/etc/hosts` included."""

    def parse(done: Completed) -> Resolution:
        found: dict[str, list[str]] = {name: [] for name in names}
        for word, rest in tagged("getent ahosts", done.stdout):
            name, _, address = rest.partition(" ")
            if word != "at" or name not in found or not is_address(address):
                raise UnreadableOutput("getent ahosts", "not `at NAME ADDRESS`", f"{word} {rest}")
            if address not in found[name]:  # getent repeats each one per socket type
                found[name].append(address)
        return Resolution({name: tuple(addresses) for name, addresses in found.items()})

    return Fact(Command(("sh", "-c", _RESOLVE, "sh", *names), root=False, timeout=30.0), parse)


_SYSCTL = """
for path do
    if [ -e "$path" ]; then value=$(cat "$path") || exit; printf 'is %s\\n' "$value"; else echo absent; fi
done
echo end
"""


def sysctl(names: tuple[str, ...]) -> Fact[Mapping[str, str]]:
    """Return the fact of these kernel settings' values; one that this kernel does not have is left out.

    Read from `/proc/sys`, since the `sysctl` program is a package of its own that a bare server may lack.
    """
    # as sysctl(8) has it: dots part the path, a slash is a dot within a part (net.ipv4.conf.eth0/10.forwarding)
    paths = tuple("/proc/sys/" + name.translate({ord("."): "/", ord("/"): "."}) for name in names)

    def parse(done: Completed) -> Mapping[str, str]:
        lines = tagged("/proc/sys", done.stdout)
        if len(lines) != len(names) or any(word not in ("is", "absent") for word, _ in lines):
            raise UnreadableOutput("/proc/sys", "not one value for each name", done.stdout)
        return {name: value for name, (word, value) in zip(names, lines, strict=True) if word == "is"}

    return Fact(Command(("sh", "-c", _SYSCTL, "sh", *paths), root=False), parse)
