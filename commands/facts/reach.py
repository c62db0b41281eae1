"""What a node can reach: ports of its peers, and whether anybody on its subnets already has an address.

Asked from the node itself with bash's `/dev/tcp` and `/dev/udp` and iproute2: curl, ping and arping may not be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact
from commands.facts.tagged import tagged

PortState = Literal["open", "refused", "filtered"]
"""`filtered`: no answer in 2 seconds, or one that says there is no way there (firewalld's reject, an absent host)."""
_STATES: Mapping[str, PortState] = {"open": "open", "refused": "refused", "filtered": "filtered"}


@dataclass(frozen=True, slots=True)
class Reach:
    """Ports of named peers as this node found them, by (name, port)."""

    ports: Mapping[tuple[str, int], PortState]


# Pairs of address and port; each is tried in a bash of its own, since a connect cannot be given a time limit. An answer
# is one short write, so answers do not mix. bash says why a connect failed in words only: those of the C locale.
_CONNECT = r"""
export LC_ALL=C
try() {
    local words status
    words=$(timeout --kill-after=1 2 bash -c ': <"/dev/tcp/$1/$2"' bash "$1" "$2" 2>&1)
    status=$?
    if [ $status = 0 ]; then echo "$1 $2 open"
    elif [[ $words == *'Connection refused'* ]]; then echo "$1 $2 refused"
    elif [ $status = 124 ] || [[ $words =~ 'No route to host'|'timed out'|'unreachable' ]]; then echo "$1 $2 filtered"
    else echo "cannot try $1 port $2: $words" >&2; exit 1
    fi
}
pids=()
while [ $# -gt 0 ]; do try "$1" "$2" & pids+=($!); shift 2; done
for pid in "${pids[@]}"; do wait "$pid" || exit; done
echo end
"""


def _connect(targets: Iterable[tuple[str, int]]) -> Command:
    words = (word for address, port in targets for word in (address, str(port)))
    return Command(("bash", "-c", _CONNECT, "bash", *words), root=False, timeout=10.0)


def _states(done: Completed, targets: Iterable[tuple[str, int]]) -> Mapping[tuple[str, int], PortState]:
    found: dict[tuple[str, str], PortState] = {}
    for address, rest in tagged("bash /dev/tcp", done.stdout):
        port, _, state = rest.partition(" ")
        if state not in _STATES:
            raise UnreadableOutput("bash /dev/tcp", "no state of a port", f"{address} {rest}")
        found[address, port] = _STATES[state]
    try:
        return {(address, port): found[address, str(port)] for address, port in targets}
    except KeyError as missing:
        raise UnreadableOutput("bash /dev/tcp", f"nothing about {missing}", done.stdout) from missing


def port(peers: tuple[tuple[str, str, int], ...]) -> Fact[Reach]:
    """Return the fact of whether these ports are open from a node; each peer is a (name, address, port).

    All are tried at once and within 2 seconds. Of two entries with the same name and port the worse one counts.
    """
    targets = tuple(dict.fromkeys((address, number) for _, address, number in peers))

    def parse(done: Completed) -> Reach:
        found = _states(done, targets)
        ports: dict[tuple[str, int], PortState] = {}
        for name, address, number in peers:
            state = found[address, number]
            if ports.get((name, number), "open") == "open":
                ports[name, number] = state
        return Reach(ports)

    return Fact(_connect(targets), parse)


@dataclass(frozen=True, slots=True)
class InUse:
    """Who has an address on the node's subnets: a MAC address, `self`, or None where nobody answered."""

    addresses: Mapping[str, str | None]
    """Without those that could not be asked for."""
    unasked: frozenset[str] = frozenset()
    """Addresses on no subnet of this node, or that its own packet filter lets nothing out to: nothing is known."""


# A byte to the discard port makes the kernel look for the address (ARP or neighbour discovery); what it then has in its
# neighbour table is the answer. An old entry goes first, or it would stand for a host that has left. The kernel itself
# asks once a second; with its entry taken away before each byte it asks four times within half a second, and an answer
# comes within milliseconds. FAILED and INCOMPLETE entries have no lladdr, and no entry at all means that nothing was sent.
_WHO_HAS = r"""
export LC_ALL=C
route() { ip -o route get "$1" 2>/dev/null; }
probe() { ip neighbour flush to "$1" >/dev/null 2>&1; printf x 2>/dev/null >"/dev/udp/$1/9"; }
asked=()
for address; do
    case $(route "$address") in
        "local "*) echo "self $address" ;;
        ""|*" via "*|unreachable*|prohibit*|blackhole*|broadcast*|multicast*) echo "unasked $address" ;;
        *) if probe "$address"; then asked+=("$address"); else echo "unasked $address"; fi ;;
    esac
done
for pause in 0.05 0.1 0.15 0.15; do
    [ ${#asked[@]} = 0 ] && break
    [ $pause = 0.05 ] || for address in "${asked[@]}"; do probe "$address"; done
    sleep $pause
    waiting=()
    for address in "${asked[@]}"; do
        found=$(ip neighbour show to "$address")
        case $found in
            *" lladdr "*) found=${found#* lladdr }; echo "has $address ${found%% *}" ;;
            *) waiting+=("$address") ;;
        esac
    done
    asked=("${waiting[@]}")
done
for address in "${asked[@]}"; do
    if [ "$(ip neighbour show to "$address")" ]; then echo "nobody $address"; else echo "unasked $address"; fi
done
echo end
"""


def in_use(addresses: tuple[str, ...]) -> Fact[InUse]:
    """Return the fact of whether anybody on the node's subnets answers for these addresses; takes up to half a second.

    Needs root, to forget what the kernel remembers of them from before.
    """

    def parse(done: Completed) -> InUse:
        found: dict[str, str | None] = {}
        unasked = set()
        for word, rest in tagged("ip neighbour", done.stdout):
            address, _, mac = rest.partition(" ")
            if address not in addresses or (word == "has") != bool(mac):
                raise UnreadableOutput("ip neighbour", "not an answer for an address", f"{word} {rest}")
            match word:
                case "self":
                    found[address] = "self"
                case "has":
                    found[address] = mac
                case "nobody":
                    found[address] = None
                case "unasked":
                    unasked.add(address)
                case _:
                    raise UnreadableOutput("ip neighbour", "not an answer for an address", f"{word} {rest}")
        missing = set(addresses) - set(found) - unasked
        if missing:
            raise UnreadableOutput("ip neighbour", f"nothing about {', '.join(sorted(missing))}", done.stdout)
        return InUse(found, frozenset(unasked))

    for address in addresses:
        ip_address(address)  # a host name would be looked up, and the answer filed under another address
    return Fact(Command(("bash", "-c", _WHO_HAS, "bash", *addresses), timeout=10.0), parse)
