"""What firewalld lets in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import firewall
from commands.facts.firewall import Firewall

Recorded = Callable[[str], Completed]
Said = Callable[..., Completed]

# as firewalld 1.3 prints it, with what the recorded ones do not have
PUBLIC = """public{active}
  target: {target}
  icmp-block-inversion: no
  interfaces: eth0
  sources:
  services: {services}
  ports: {ports}
  protocols:
  forward: yes
  masquerade: no
  forward-ports:
  rich rules:
\trule family="ipv4" source address="10.0.0.0/24" accept
"""


def listed(
    word: str, *, active: str = " (active)", target: str = "default", services: str = "", ports: str = ""
) -> str:
    zone = PUBLIC.format(active=active, target=target, services=services, ports=ports)
    return "".join(f"{word} {line}\n" for line in zone.splitlines())


def found(said: Said, present: str, permanent: str) -> Firewall:
    return firewall.FACT.parse(said(firewall.FACT, f"{permanent}{present}end\n"))


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_no_firewalld_lets_everything_in(recorded: Recorded, debian: int) -> None:
    read = firewall.parse(recorded(f"hosts/debian{debian}/bare/firewall.n1"))

    assert read == Firewall(active=False)
    assert read.lets_in("high-availability")
    assert read.lets_in_port(80)


@pytest.mark.parametrize(
    ("situation", "now", "later"),
    [("firewalld", False, False), ("firewalld-before-reload", False, True), ("firewalld-opened", True, True)],
)
def test_a_real_firewalld_opened_step_by_step(recorded: Recorded, situation: str, now: bool, later: bool) -> None:  # noqa: FBT001
    read = firewall.parse(recorded(f"hosts/debian12/{situation}/firewall.n1"))

    assert (read.active, read.zone, read.accepts_all) == (True, "public", False)
    assert ("high-availability" in read.services, "high-availability" in read.permanent_services) == (now, later)
    assert ("80/tcp" in read.ports, "80/tcp" in read.permanent_ports) == (now, later)
    assert (read.lets_in("ssh"), read.lets_in("high-availability")) == (True, now and later)
    assert [read.lets_in_port(port) for port in (80, 8005, 8011)] == [now, now, False]


def test_a_real_firewalld_that_trusts_everybody(recorded: Recorded) -> None:
    read = firewall.parse(recorded("hosts/debian12/firewalld-trusted/firewall.n1"))

    assert (read.zone, read.accepts_all, read.services) == ("trusted", True, frozenset())
    assert read.lets_in("high-availability")


def test_a_real_firewalld_that_is_stopped(recorded: Recorded) -> None:
    assert firewall.parse(recorded("hosts/debian12/firewalld-stopped/firewall.n1")) == Firewall(active=False)


def test_what_the_default_zone_lets_in(said: Said) -> None:
    read = found(
        said,
        listed("present", services="ssh high-availability", ports="80/tcp 5404-5412/udp"),
        listed("permanent", active="", services="ssh high-availability http", ports="80/tcp"),
    )

    assert (read.active, read.zone) == (True, "public")
    assert read.services == {"ssh", "high-availability"}
    assert read.permanent_services == {"ssh", "high-availability", "http"}
    assert read.ports == {"80/tcp", "5404-5412/udp"}
    assert read.permanent_ports == {"80/tcp"}


@pytest.mark.parametrize(
    ("now", "later", "both"),
    [
        ("high-availability", "high-availability", True),
        ("high-availability", "", False),
        ("", "high-availability", False),
    ],
)
def test_open_means_now_and_after_a_reload(said: Said, now: str, later: str, both: bool) -> None:  # noqa: FBT001
    read = found(said, listed("present", services=now), listed("permanent", services=later))

    assert read.lets_in("high-availability") is both


@pytest.mark.parametrize(
    ("ports", "port", "protocol", "open_"),
    [
        ("80/tcp", 80, "tcp", True),
        ("80/udp", 80, "tcp", False),
        ("8000-8010/tcp", 8005, "tcp", True),
        ("8000-8010/tcp", 8011, "tcp", False),
        ("", 80, "tcp", False),
    ],
)
def test_ports_by_themselves_and_in_ranges(said: Said, ports: str, port: int, protocol: str, open_: bool) -> None:  # noqa: FBT001
    read = found(said, listed("present", ports=ports), listed("permanent", ports=ports))

    assert read.lets_in_port(port, protocol) is open_


def test_a_trusted_zone_lets_everything_in(said: Said) -> None:
    read = found(said, listed("present", target="ACCEPT"), listed("permanent", target="ACCEPT"))

    assert read.accepts_all
    assert read.lets_in("high-availability")
    assert read.lets_in_port(80)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "inactive\n",
        "end\n",
        f"{listed('present')}end\n",
        f"{listed('permanent')}end\n",
        "present public\npermanent public\nend\n",
        f"{listed('present', ports='many/tcp')}{listed('permanent')}end\n",
    ],
)
def test_no_rules_are_made_up(said: Said, text: str) -> None:
    with pytest.raises(UnreadableOutput):
        firewall.FACT.parse(said(firewall.FACT, text))
