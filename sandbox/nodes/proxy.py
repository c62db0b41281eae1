"""haproxy.cfg as far as it shows from outside: is it valid, where does it listen, which servers are behind it."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

_SECTIONS = frozenset(
    {
        *("global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "userlist"),
        *("program", "http-errors", "ring", "log-forward", "cache", "fcgi-app"),
    }
)


@dataclass(frozen=True, slots=True)
class Server:
    """A server of a backend. `up`: it is not on this machine, or something listens there."""

    proxy: str
    name: str
    address: str
    port: int
    checked: bool


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """A configuration. `problem` is HAProxy's own word for what is wrong, "" where nothing is."""

    problem: str = ""
    frontends: tuple[str, ...] = ()
    binds: tuple[tuple[str, int], ...] = ()
    servers: tuple[Server, ...] = ()
    socket: str = ""

    def listens(self, address: str, port: int) -> bool:
        """Say whether a running HAProxy takes connections there."""
        return any(number == port and where in {"", "*", "0.0.0.0", address} for where, number in self.binds)

    def up(self, server: Server) -> bool:
        """Say whether a server answers: those elsewhere do, those on this machine if HAProxy itself plays them."""
        return not server.address.startswith("127.") or self.listens(server.address, server.port)


@functools.cache
def read(text: str, path: str = "/etc/haproxy/haproxy.cfg") -> ProxyConfig:
    """Read a configuration, once for all machines that have it."""
    frontends: list[str] = []
    binds: list[tuple[str, int]] = []
    servers: list[Server] = []
    socket = ""
    for number, section, name, words in _lines(text):
        if not section:
            return ProxyConfig(f"parsing [{path}:{number}]: unknown keyword '{words[0]}' out of section.")
        if words[0] in {"frontend", "listen"}:
            frontends.append(name)
        elif words[0] == "bind" and len(words) > 1:
            for where in words[1].split(","):
                address, _, port = where.rpartition(":")
                if not port.isdecimal():
                    return ProxyConfig(f"parsing [{path}:{number}]: 'bind' : missing port number: '{where}'")
                binds.append((address, int(port)))
        elif words[0] == "server" and len(words) > 2:  # noqa: PLR2004 - its name and address follow
            address, _, port = words[2].rpartition(":")
            servers.append(Server(name, words[1], address, int(port or 0), "check" in words[3:]))
        elif words[:2] == ["stats", "socket"]:
            socket = words[2]
    return ProxyConfig("", tuple(frontends), tuple(binds), tuple(servers), socket)


def _lines(text: str) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield each line that says something: its number, its section's kind and name, and its words."""
    section = name = ""
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = line.split()
        if not words:
            continue
        if words[0] in _SECTIONS:
            section, name = words[0], words[1] if len(words) > 1 else ""
        yield number, section, name, words
