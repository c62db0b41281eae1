"""What firewalld lets through, where it is there and active.

`firewall-cmd --list-all` prints the default zone as `  services: ssh high-availability`, `  ports: 8080/tcp`,
`  target: default` (seen with firewalld 1.3). It is a Python program of some 0.3 s, so the present and the
permanent rules are asked for at the same time. Other packet filters (nftables by hand, a cloud's) are not seen here:
what `commands.facts.reach` finds between the nodes is the last word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact
from commands.facts.tagged import tagged


@dataclass(frozen=True, slots=True)
class Firewall:
    """The default zone of firewalld. Where firewalld is absent or not running, `active` is False and all else empty."""

    active: bool
    zone: str = ""
    services: frozenset[str] = frozenset()
    ports: frozenset[str] = frozenset()
    """Such as `80/tcp` or `5404-5412/udp`."""
    permanent_services: frozenset[str] = frozenset()
    """Services allowed after the next reload or boot."""
    permanent_ports: frozenset[str] = frozenset()
    accepts_all: bool = False
    """The zone lets everything in, listed or not (`trusted`, or any with target ACCEPT)."""

    def lets_in(self, service: str) -> bool:
        """Say whether this service is let in, now and after a reload."""
        return not self.active or self.accepts_all or service in self.services & self.permanent_services

    def lets_in_port(self, port: int, protocol: str = "tcp") -> bool:
        """Say whether this port is let in, now and after a reload, by itself or in a range; services do not count."""
        if not self.active or self.accepts_all:
            return True
        return all(_within(port, protocol, listed) for listed in (self.ports, self.permanent_ports))


def _within(port: int, protocol: str, listed: frozenset[str]) -> bool:
    for entry in listed:
        numbers, _, of = entry.partition("/")
        first, _, last = numbers.partition("-")
        if of == protocol and int(first) <= port <= int(last or first):
            return True
    return False


_PORT = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?/[a-z]+", re.ASCII)

_LIST = """
LC_ALL=C; export LC_ALL
if ! command -v firewall-cmd >/dev/null 2>&1 || ! systemctl --quiet is-active firewalld.service; then
    echo inactive; echo end; exit 0
fi
{ permanent=$(firewall-cmd --permanent --list-all) || exit; printf '%s\\n' "$permanent" | sed 's/^/permanent /'; } &
present=$(firewall-cmd --list-all) || exit
wait $! || exit
printf '%s\\n' "$present" | sed 's/^/present /'
echo end
"""


def parse(done: Completed) -> Firewall:
    """Read both listings of the default zone."""
    lines = tagged("firewall-cmd", done.stdout)
    if lines == [("inactive", "")]:
        return Firewall(active=False)
    present = _zone([rest for word, rest in lines if word == "present"])
    permanent = _zone([rest for word, rest in lines if word == "permanent"])
    if present is None or permanent is None:
        raise UnreadableOutput("firewall-cmd --list-all", "no services and ports of a zone", done.stdout)
    return Firewall(
        active=True,
        zone=present["zone"],
        services=frozenset(present["services"].split()),
        ports=frozenset(present["ports"].split()),
        permanent_services=frozenset(permanent["services"].split()),
        permanent_ports=frozenset(permanent["ports"].split()),
        accepts_all=present.get("target") == permanent.get("target") == "ACCEPT",
    )


def _zone(lines: list[str]) -> Mapping[str, str] | None:
    if not lines:
        return None
    # the heading is `public (active)`, or the bare name where no interface is in the zone
    values = {"zone": lines[0].split(" ", 1)[0], "services": "?", "ports": "?"}
    for line in lines[1:]:
        key, _, value = line.strip().partition(":")
        values[key] = value.strip()
    readable = values["zone"] and "?" not in values["services"] and all(map(_PORT.fullmatch, values["ports"].split()))
    return values if readable else None


FACT: Fact[Firewall] = Fact(Command(("sh", "-c", _LIST, "sh")), parse)
