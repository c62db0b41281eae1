"""What pcs says of itself and of the hosts it may command.

`pcs status pcsd` prints `  NAME: Online`, `Unable to authenticate` or `Offline` per host and ends with 0 if all are
online, else 2 (pcs 0.10, 0.11, 0.12). Any error of its own is a 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import NOT_FOUND, Fact, NotRunning, not_installed, spoken

SUDO_REFUSED = 1
"""What sudo ends with when it does not find a command; any other 1 is refused by the parsers."""


@dataclass(frozen=True, slots=True, order=True)
class PcsVersion:
    """The version of pcs; 0.10, 0.11 and 0.12 are the generations in use."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse_version(done: Completed) -> PcsVersion | NotRunning:
    """Read `pcs --version`: `0.11.5`, or with more behind it where a distribution adds some."""
    absent = not_installed(done)
    if absent:
        return absent
    numbers = re.match(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?", done.stdout.strip())
    if done.status != 0 or not numbers:
        raise UnreadableOutput("pcs --version", f"no version, exit status {done.status}", spoken(done))
    return PcsVersion(int(numbers[1]), int(numbers[2]), int(numbers[3] or 0))


VERSION: Fact[PcsVersion | NotRunning] = Fact(
    Command(("pcs", "--version"), legal=frozenset({0, SUDO_REFUSED, NOT_FOUND})), parse_version
)

HostState = Literal["online", "unauthorized", "offline"]
_STATES: Mapping[str, HostState] = {
    "Online": "online",
    "Unable to authenticate": "unauthorized",
    "Offline": "offline",
}


@dataclass(frozen=True, slots=True)
class HostAuth:
    """Whether this node's pcs may command the named hosts.

    `online`: their pcsd answered and took this node's token. `unauthorized`: it answered and did not. `offline`: it did
    not answer, so nothing is known of the token.
    """

    state: Mapping[str, HostState]

    def lacking(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the hosts that did not, or did not answer."""
        return tuple(name for name in names if self.state.get(name) != "online")


def host_auth(names: tuple[str, ...]) -> Fact[HostAuth | NotRunning]:
    """Return the fact of which of these hosts the node's pcs is authorized for.

    A host is asked for at most 5 seconds; pcs itself would give it 60.
    """

    def parse(done: Completed) -> HostAuth | NotRunning:
        absent = not_installed(done)
        if absent:
            return absent
        state: dict[str, HostState] = {}
        for line in done.stdout.split("\n"):
            name, _, words = line.strip().partition(": ")
            if name in names and words in _STATES:
                state[name] = _STATES[words]
        missing = [name for name in names if name not in state]
        if done.status not in (0, 2) or missing:
            why = f"exit status {done.status}, nothing about {', '.join(missing) or 'no host'}"
            raise UnreadableOutput("pcs status pcsd", why, spoken(done))
        return HostAuth({name: state[name] for name in names})

    return Fact(
        Command(
            ("pcs", "--request-timeout=5", "status", "pcsd", *names),
            legal=frozenset({0, SUDO_REFUSED, 2, NOT_FOUND}),
            timeout=15.0,
        ),
        parse,
    )
