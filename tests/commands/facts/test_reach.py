"""What a node can reach: ports of its peers, and who has an address on its subnets."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from typing import TypeVar

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import reach
from commands.facts.fact import Fact
from commands.facts.reach import InUse, Reach

Recorded = Callable[[str], Completed]
Said = Callable[..., Completed]
T = TypeVar("T")
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def here(fact: Fact[T]) -> T:
    """Read a fact of the machine that runs the tests."""
    ran = subprocess.run(fact.command.argv, capture_output=True, text=True, timeout=20, check=False)
    return fact.parse(Completed("here", fact.command, ran.returncode, ran.stdout, ran.stderr).check())


def words(done: Completed) -> list[str]:
    """Return the addresses that a recorded command was given."""
    return [word for word in done.command.argv[4:] if word.count(".") == 3]


@GENERATIONS
@pytest.mark.parametrize(
    ("situation", "pcsd"),
    [
        ("bare", {"n1": "refused", "n2": "refused"}),
        ("healthy", {"n1": "open", "n2": "open"}),
        ("n2-pcsd-stopped", {"n1": "open", "n2": "refused"}),
    ],
)
def test_the_ports_of_peers(recorded: Recorded, debian: int, situation: str, pcsd: dict[str, str]) -> None:
    done = recorded(f"hosts/debian{debian}/{situation}/reach.n1")
    n1, n2, gone = dict.fromkeys(words(done))
    peers = (("n1", n1, 22), ("n1", n1, 2224), ("n2", n2, 22), ("n2", n2, 2224), ("gone", gone, 2224))

    found = reach.port(peers).parse(done)

    assert {name: state for (name, number), state in found.ports.items() if number == 2224} == {
        **pcsd,
        "gone": "filtered",
    }
    assert (found.ports["n1", 22], found.ports["n2", 22]) == ("open", "open")


@GENERATIONS
def test_a_floating_ip_that_answers(recorded: Recorded, debian: int) -> None:
    for node in ("n1", "n2"):
        done = recorded(f"hosts/debian{debian}/healthy/answers.{node}")
        vip = words(done)[0]
        found = reach.port((("vip1", vip, 80), ("vip1", vip, 81))).parse(done)

        assert found == Reach({("vip1", 80): "open", ("vip1", 81): "refused"})


def test_real_connections() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as open_,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as open6,
    ):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            refused = closed.getsockname()[1]
        ports = (open_.getsockname()[1], open6.getsockname()[1])
        peers = (("n1", "127.0.0.1", ports[0]), ("n1", "127.0.0.1", refused), ("n6", "::1", ports[1]))

        assert here(reach.port(peers)) == Reach(
            {("n1", ports[0]): "open", ("n1", refused): "refused", ("n6", ports[1]): "open"}
        )


def test_nothing_asked_nothing_known() -> None:
    assert here(reach.port(())) == Reach({})
    assert here(reach.in_use(())) == InUse({})


def test_of_two_addresses_of_a_peer_the_worse_counts(said: Said) -> None:
    fact = reach.port((("n2", "10.0.0.2", 22), ("n2", "10.1.0.2", 22), ("n2", "10.2.0.2", 22)))
    found = fact.parse(said(fact, "10.2.0.2 22 open\n10.1.0.2 22 filtered\n10.0.0.2 22 open\nend\n"))

    assert found.ports == {("n2", 22): "filtered"}


@pytest.mark.parametrize(
    "text",
    ["", "10.0.0.2 22 open\n", "end\n", "10.0.0.2 23 open\nend", "10.0.0.2 22 ajar\nend", "10.0.0.3 22 open\nend"],
)
def test_no_port_is_made_up(said: Said, text: str) -> None:
    fact = reach.port((("n2", "10.0.0.2", 22),))
    with pytest.raises(UnreadableOutput):
        fact.parse(said(fact, text))


@GENERATIONS
def test_who_has_an_address(recorded: Recorded, debian: int) -> None:
    done = recorded(f"hosts/debian{debian}/bare/in-use.n1")
    n1, n2, vip1, vip2, free, elsewhere = words(done)
    found = reach.in_use((n1, n2, vip1, vip2, free, elsewhere)).parse(done)

    mac = found.addresses[n2]
    assert mac is not None
    assert mac.count(":") == 5
    assert found == InUse({n1: "self", n2: mac, vip1: None, vip2: None, free: None}, frozenset({elsewhere}))


@GENERATIONS
def test_a_floating_ip_answers_with_its_holders_mac(recorded: Recorded, debian: int) -> None:
    done = recorded(f"hosts/debian{debian}/healthy/in-use.n1")
    asked = tuple(words(done))
    found = reach.in_use(asked).parse(done)

    _, n2, vip1, vip2, _, _ = asked
    assert found.addresses[vip1] == "self"
    assert found.addresses[vip2] == found.addresses[n2]


def test_the_node_itself() -> None:
    assert here(reach.in_use(("127.0.0.1", "::1"))) == InUse({"127.0.0.1": "self", "::1": "self"})


def test_a_name_is_not_an_address() -> None:
    with pytest.raises(ValueError, match=r"www\.example\.com"):
        reach.in_use(("www.example.com",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nobody 10.0.0.9\n",
        "end\n",
        "has 10.0.0.9\nend",
        "nobody 10.0.0.9 x\nend",
        "perhaps 10.0.0.9\nend",
        "nobody 10.0.0.8\nend",
    ],
)
def test_nobody_is_an_answer_not_its_absence(said: Said, text: str) -> None:
    fact = reach.in_use(("10.0.0.9",))
    with pytest.raises(UnreadableOutput):
        fact.parse(said(fact, text))
