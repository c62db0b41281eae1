"""The running HAProxy, asked through its runtime socket: version, frontends, the servers behind it, its configuration's age.

The node finds the socket in its own configuration and asks with socat, or where that is missing with Python. The
answers are `show info` (`Key: value` lines) and `show stat` (CSV whose columns grow from version to version, hence
chosen by name). Tried with HAProxy 2.2, 2.6 and 3.0.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact, NotRunning
from commands.facts.haproxy_config import CONFIG_FILES
from commands.facts.tagged import tagged

TOOL = "HAProxy's runtime socket"
_FRONTEND, _SERVER = "0", "2"
"""Values of the column `type`; the others are backends and single listeners."""


@dataclass(frozen=True, slots=True)
class ProxyServer:
    """One server of a backend. `up` means that it is given new connections: not while draining or in maintenance."""

    proxy: str
    name: str
    status: str
    """HAProxy's own word: `UP`, `DOWN 1/2`, `MAINT`, `DRAIN`, `no check`."""
    up: bool
    check: str
    """Outcome of the last health check, such as `L7OK` or `L4CON`; empty without checks."""


@dataclass(frozen=True, slots=True)
class Frontend:
    """One entry of HAProxy, where connections come in. `sessions` are the current ones."""

    name: str
    status: str
    sessions: int


@dataclass(frozen=True, slots=True)
class ProxyStatus:
    """The running HAProxy of a node."""

    version: str
    uptime_s: int
    """Since it was started or told to read its configuration again: a reload makes a new process."""
    connections: int
    frontends: tuple[Frontend, ...]
    servers: tuple[ProxyServer, ...]
    config_age_s: int | None = None
    """Seconds since its configuration was last changed; None where that was not asked for yet."""

    @property
    def outdated(self) -> bool:
        """Whether its configuration was changed after it was read, as far as clocks that are read to a second tell.

        One that was changed in the future tells nothing: the node's clock was put back.
        """
        return self.config_age_s is not None and 0 <= self.config_age_s < self.uptime_s - 1

    def down(self) -> tuple[ProxyServer, ...]:
        """Return the servers that are not given new connections."""
        return tuple(server for server in self.servers if not server.up)


# It answers within milliseconds. One that hangs is not waited for: what else is asked of the node with it would count as
# silence too.
_ASK = (
    "LC_ALL=C; export LC_ALL"
    + CONFIG_FILES
    + r"""
not_running() { printf 'not-running %s\n' "$1"; echo end; exit 0; }
command -v haproxy >/dev/null 2>&1 || not_running 'haproxy is not installed'
[ -f "$1" ] || not_running "there is no $1"
sockets=$(cat "$@" | while read -r first second path rest; do
    path=${path#unix@}
    case "$first $second $path" in "stats socket /"*) printf '%s\n' "$path" ;; esac
done)
[ "$sockets" ] || not_running 'its configuration names no stats socket'
for path in $sockets; do [ ! -S "$path" ] || break; done
[ -S "$path" ] || not_running "there is no socket $path"
ask='show info;show stat'
code='
import socket, sys
link = socket.socket(socket.AF_UNIX)
link.settimeout(5)
link.connect(sys.argv[1])
link.sendall(sys.argv[2].encode() + b"\n")
for part in iter(lambda: link.recv(65536), b""):
    sys.stdout.buffer.write(part)
'
if command -v socat >/dev/null 2>&1; then
    answer=$(printf '%s\n' "$ask" | timeout 2 socat -t 5 - "UNIX-CONNECT:$path" 2>&1)
else
    for python in python3 /usr/libexec/platform-python; do command -v "$python" >/dev/null 2>&1 && break; done
    answer=$(timeout 2 "$python" -c "$code" "$path" "$ask" 2>&1)
fi
status=$?
if [ $status != 0 ]; then
    case $answer in *refused*) not_running "nobody listens on $path" ;; esac
    [ $status != 124 ] || answer="it listens on $path and does not answer"
    printf '%s\n' "$answer" >&2; exit 1
fi
printf '%s\n' "$answer" | sed 's/^/answer /'
changed=$(stat --format=%Y "$@" | sort -n | tail -n 1) || exit
echo "age $(($(date +%s) - changed))"
echo end
"""
)


def parse(done: Completed) -> ProxyStatus | NotRunning:
    """Read both answers: the lines of `show info`, an empty line, and the table of `show stat`."""
    lines = tagged(TOOL, done.stdout)
    if len(lines) == 1 and lines[0][0] == "not-running":
        return NotRunning(lines[0][1])
    if any(word not in ("answer", "age") for word, _ in lines):
        raise UnreadableOutput(TOOL, "a line that is none of ours", done.stdout)
    answer = [text for word, text in lines if word == "answer"]
    age = next((text for word, text in lines if word == "age"), None)
    table = next((at for at, text in enumerate(answer) if text.startswith("# pxname,")), None)
    if table is None:
        raise UnreadableOutput(TOOL, "no table of `show stat`", "\n".join(answer))
    info = {key: value.strip() for key, _, value in (text.partition(":") for text in answer[:table] if text)}
    try:
        rows = list(csv.DictReader([answer[table].removeprefix("# "), *answer[table + 1 :]]))
        return ProxyStatus(
            version=info["Version"],
            uptime_s=int(info["Uptime_sec"]),
            connections=int(info["CurrConns"]),
            frontends=tuple(
                Frontend(row["pxname"], row["status"], int(row["scur"])) for row in rows if row["type"] == _FRONTEND
            ),
            servers=tuple(_server(row) for row in rows if row["type"] == _SERVER),
            config_age_s=None if age is None else int(age),
        )
    except (KeyError, ValueError, TypeError, AttributeError, csv.Error) as error:
        raise UnreadableOutput(TOOL, f"{type(error).__name__}: {error}", "\n".join(answer)) from error


def _server(row: Mapping[str, str]) -> ProxyServer:
    status = row["status"]
    return ProxyServer(
        proxy=row["pxname"],
        name=row["svname"],
        status=status,
        up=status == "no check" or status.split(" ", 1)[0] == "UP",
        check=row["check_status"].removeprefix("* "),  # a check is under way; this is the last one's outcome
    )


FACT: Fact[ProxyStatus | NotRunning] = Fact(Command(("sh", "-c", _ASK, "sh"), timeout=15.0, joins=True), parse)
