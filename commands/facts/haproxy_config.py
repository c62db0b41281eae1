"""HAProxy's configuration on a node: is it there, is it valid, whose is it, and where does it listen.

Read from `/etc/haproxy/haproxy.cfg`, and from `conf.d` beside it where the unit reads that too (Enterprise Linux 9 and
10). `haproxy -c` looks at the text only: that an address can be bound is seen at the start, not before. Tried with
HAProxy 2.2, 2.6 and 3.0.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact
from commands.facts.tagged import tagged
from config.inventory import is_address

ANY: Final = "*"
"""The address of a bind that listens on all of the node's IPv4 addresses."""
ANY_V6: Final = "::"
"""The address of a bind that listens on all of its IPv6 addresses."""

_SECTIONS: Final = re.compile(
    "global|defaults|frontend|backend|listen|peers|resolvers|mailers|userlist|program|http-errors|ring|log-forward"
    "|log-profile|cache|fcgi-app|traces|crt-store|acme"
)
_NO_PORT: Final = ("unix", "uxst", "uxdg", "abns", "abnsz", "abns@*", "fd", "sockpair", "rhttp", "rev")
_LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Bind:
    """One TCP port that a frontend takes connections on, at an address or at any (`*`, or `::` for IPv6)."""

    address: str
    port: int

    @property
    def loopback(self) -> bool:
        """Reachable from the node itself only: a statistics page, a health probe."""
        try:
            return ip_address(self.address).is_loopback
        except ValueError:
            return self.address == "localhost"


@dataclass(frozen=True, slots=True)
class HaproxyConfig:
    """What a node's HAProxy is configured to do.

    `valid` is None where it could not be checked: HAProxy is not installed, or the check did not end in time.
    `package_default` is the file just as its package brought it, which nobody has made theirs yet.
    """

    present: bool
    valid: bool | None
    problems: str
    """HAProxy's own words about what is wrong; empty if nothing is."""
    binds: tuple[Bind, ...]
    unknown_binds: tuple[str, ...]
    """Binds whose address or port only the running HAProxy knows, such as those from environment variables."""
    package_default: bool
    digest: str
    """SHA-256 of `haproxy.cfg`; empty if there is none."""

    @property
    def public_ports(self) -> tuple[int, ...]:
        """The ports that can be reached from outside of the node, in order."""
        return tuple(sorted({bind.port for bind in self.binds if not bind.loopback}))

    def ports_at(self, address: str) -> tuple[int, ...]:
        """Return the ports that are to answer at this address while the node holds it, in order."""
        return ports_at(self.binds, address)

    def silent_at(self, address: str) -> bool:
        """Return whether it is certain that nothing will answer at this address: every bind is known, and none is it."""
        # a name may resolve to this address
        named = any(not (bind.address == ANY or is_address(bind.address)) for bind in self.binds)
        return not (self.ports_at(address) or self.unknown_binds or named)


def ports_at(binds: Iterable[Bind], address: str) -> tuple[int, ...]:
    """Return the ports that these binds answer on at an address, in order."""
    everywhere = ANY_V6 if ":" in address else ANY
    return tuple(sorted({bind.port for bind in binds if bind.address in (everywhere, address)}))


# $@ becomes the files that the unit gives to HAProxy
CONFIG_FILES: Final = r"""
set -- /etc/haproxy/haproxy.cfg
units='/etc/systemd/system/haproxy.service /usr/lib/systemd/system/haproxy.service'
if grep -qs '/etc/haproxy/conf\.d' $units; then
    for file in /etc/haproxy/conf.d/*.cfg; do [ ! -f "$file" ] || set -- "$@" "$file"; done
fi
"""

# The package's own sum is an MD5 with dpkg and (EL 8 to 10) a SHA-256 with rpm.
_READ: Final = (
    "LC_ALL=C; export LC_ALL"
    + CONFIG_FILES
    + r"""
if [ -f "$1" ]; then
    digest=$(sha256sum "$1") && md5=$(md5sum "$1") || exit
    echo "sum ${digest%% *}"; echo "sum ${md5%% *}"
    if command -v dpkg-query >/dev/null 2>&1; then
        dpkg-query --show --showformat='${Conffiles}\n' haproxy 2>/dev/null
    fi | while read -r file sum rest; do [ "$file" != "$1" ] || echo "package $sum"; done
    if command -v rpm >/dev/null 2>&1; then
        rpm --query --queryformat '[%{FILENAMES} %{FILEDIGESTS}\n]' haproxy 2>/dev/null
    fi | while read -r file sum; do [ "$file" != "$1" ] || echo "package $sum"; done
    if command -v haproxy >/dev/null 2>&1; then
        said=$(for file do shift; set -- "$@" -f "$file"; done; timeout 10 haproxy -c "$@" 2>&1)
        echo "check $?"
        printf '%s\n' "$said" | sed 's/^/said /'
    fi
    for file do
        echo "file $file"
        { cat "$file" && echo; } | sed 's/^/config /'
    done
fi
echo end
"""
)
_ALERT: Final = re.compile(r"\[ALERT\]\s+(?:\S+\s+)?\([0-9]+\)\s*:\s*(?:config\s*:\s*)?(?P<words>.*)")
"""2.2 writes the time between the level and the process's number; 2.6 and later do not."""
_NO_LISTENER: Final = 2
_TIMED_OUT: Final = 124


def parse(done: Completed) -> HaproxyConfig:
    """Read what the script found."""
    told: dict[str, list[str]] = {}
    config: list[list[str]] = []
    for word, rest in tagged("haproxy.cfg", done.stdout):
        if word not in ("sum", "package", "check", "said", "file", "config"):
            raise UnreadableOutput("haproxy.cfg", "a line that is none of ours", f"{word} {rest}")
        if word == "config" and config:
            config[-1].append(rest)
        else:
            told.setdefault(word, []).append(rest)
        if word == "file":
            config.append([])
    sums = told.get("sum", [])
    if bool(config) != bool(sums) or "config" in told or len(told.get("check", [])) > 1:
        raise UnreadableOutput("haproxy.cfg", "a file without its sum", done.stdout)
    valid, problems = _check(told.get("check", []), told.get("said", []))
    binds, unknown = _binds(config)
    return HaproxyConfig(
        present=bool(config),
        valid=valid,
        problems=problems,
        binds=binds,
        unknown_binds=unknown,
        package_default=not set(sums).isdisjoint(told.get("package", [])),
        digest=sums[0] if sums else "",
    )


FACT: Fact[HaproxyConfig] = Fact(Command(("sh", "-c", _READ, "sh"), timeout=30.0), parse)


def binds_of(text: str) -> tuple[Bind, ...]:
    """Return what a configuration that is not on a node yet would bind."""
    return _binds([text.split("\n")])[0]


def _check(status: list[str], said: list[str]) -> tuple[bool | None, str]:
    if not status:
        return None, ""
    if status[0] == str(_TIMED_OUT):
        return None, "the check did not end within 10 seconds (does a server's name not resolve?)"
    if status[0] == "0":
        return True, ""
    alerts = [found["words"] for found in map(_ALERT.match, said) if found]
    if status[0] == str(_NO_LISTENER):
        alerts.append("it listens nowhere, so HAProxy would not start")
    # what it would have accepted instead is a list of a hundred words
    words = [alert.partition(" Registered keywords :")[0] for alert in alerts]
    return False, "\n".join(words) or "\n".join(said)


def _lines(config: list[list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Yield each line's words with the section that it is in. Every file begins outside of any section."""
    for file in config:
        section = ""
        for line in file:
            try:
                words = shlex.split(line, comments=True)
            except ValueError:
                words = line.split()
            if words and _SECTIONS.fullmatch(words[0]):
                section = words[0]
            elif words:
                yield section, words


def _binds(config: list[list[str]]) -> tuple[tuple[Bind, ...], tuple[str, ...]]:
    binds: dict[Bind, None] = {}
    unknown: dict[str, None] = {}
    for section, words in _lines(config):
        if section not in ("frontend", "listen") or words[0] != "bind":
            continue
        for where in words[1].split(",") if len(words) > 1 else ():
            found = _listens(where, v6only="v6only" in words[2:])
            if found is None:
                unknown[where] = None
            else:
                binds.update(dict.fromkeys(found))
    return tuple(binds), tuple(unknown)


def _listens(where: str, *, v6only: bool) -> tuple[Bind, ...] | None:
    """Return what one address of a bind line stands for, nothing for what has no TCP port, None if we cannot tell."""
    kind, at, rest = where.rpartition("@")
    if where.startswith("/") or kind in _NO_PORT or kind.startswith(("quic", "udp")):
        return ()
    address, colon, ports = (rest if at else where).rpartition(":")
    first, dash, last = ports.partition("-")
    if not dash:
        last = first
    if "$" in where or not colon or not _is_port(first) or not _is_port(last):
        return None
    numbers = range(int(first), int(last) + 1)
    return tuple(
        Bind(bound, number) for bound in _bound(address.strip("[]"), kind, v6only=v6only) for number in numbers
    )


def _bound(address: str, kind: str, *, v6only: bool) -> tuple[str, ...]:
    """Return the addresses that a bind's address stands for; without one it is all of IPv4, or of the family named."""
    if address == ANY_V6 or (address in ("", ANY) and kind.endswith("6")):
        return (ANY_V6,) if v6only else (ANY, ANY_V6)  # as Linux has it: one socket takes both
    if address in ("", ANY, "0.0.0.0"):  # noqa: S104 (read, not bound)
        return (ANY,)
    try:
        return (str(ip_address(address)),)
    except ValueError:
        return (address,)  # a host name, for whatever it resolves to at the start


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len(str(_LAST_PORT)) and 0 < int(text) <= _LAST_PORT
